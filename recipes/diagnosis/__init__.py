"""Measurements inside a model while it trains, and the diagnosis of a run."""
