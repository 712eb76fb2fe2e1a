"""How to train: a recipe is values, a run is what came of them."""
