"""Trained models, compared on the same test examples."""
