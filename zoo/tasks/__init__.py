"""Tasks: what goes into a model, what comes out, and what counts as right."""
