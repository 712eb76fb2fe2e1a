"""Weights that others trained: where they come from, how their files are read, what goes where."""
