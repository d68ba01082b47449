"""From articles to scored articles."""
