"""Recorded results and their verification."""
