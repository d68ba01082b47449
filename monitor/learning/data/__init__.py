"""Labelled text, from files and from the store, to examples that train or judge."""
