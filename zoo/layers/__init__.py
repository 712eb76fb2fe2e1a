"""Keras layers that two families or more share."""
