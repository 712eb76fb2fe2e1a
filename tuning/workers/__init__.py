"""Processes that run trials."""
