"""Datasets that need no network."""
