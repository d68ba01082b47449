"""A training run: its recipe, its loop, its state and its curves."""
