"""Labelled text to model versions. Only model, training and export import torch."""
