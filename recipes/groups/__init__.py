"""How a model does in each group of its examples."""
