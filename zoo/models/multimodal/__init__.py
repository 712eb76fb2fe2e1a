"""Fusions: one network over the encoders of several inputs; one family a file."""
