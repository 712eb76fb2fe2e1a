"""Decoding: predictions from a model that is called many times."""
