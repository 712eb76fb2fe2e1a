"""Heads: from the features that a backbone declares to the outputs of a task."""
