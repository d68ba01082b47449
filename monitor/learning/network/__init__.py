"""The network: bases, heads, additions to it, and the forms in which it is kept."""
