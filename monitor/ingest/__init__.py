"""From sources to articles."""
