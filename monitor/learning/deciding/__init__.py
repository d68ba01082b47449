"""When a model is due to be trained anew."""
