"""Runs of one recipe that differ in their fold or seed, and what they say together."""
