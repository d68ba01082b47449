"""Topics that an analyst adds, from a description or a handful of examples."""
