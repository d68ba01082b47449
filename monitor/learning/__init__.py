"""Labelled text to model versions. Only network and training import torch."""
