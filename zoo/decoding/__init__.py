"""How predictions are read out of a model that is called many times."""
