"""Metrics: names and units, computation, and intervals."""
