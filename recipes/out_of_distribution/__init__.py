"""How well a model's scores tell inputs of its own data from those of other data."""
