"""What exists: models, data, tasks."""
