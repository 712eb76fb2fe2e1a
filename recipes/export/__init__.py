"""Trained models as files for other runtimes, compared with the model."""
