"""Tasks: the inputs and outputs of a model, its loss and its metrics."""
