"""Oracles: they propose the next values of a search."""
