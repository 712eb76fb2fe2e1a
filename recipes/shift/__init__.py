"""How a model does on its own test examples when they are corrupted."""
