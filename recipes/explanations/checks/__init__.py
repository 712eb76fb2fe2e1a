"""Tests of explanations: which methods may be believed on a trained model."""
