"""How to train: a recipe is a set of values, a run is their result."""
