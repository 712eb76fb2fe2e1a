"""Metrics: what they are called and measured in, how they are computed, how certain they are."""
