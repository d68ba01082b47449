"""Figures of a model, and the verdict on a candidate."""
