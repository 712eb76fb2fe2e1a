"""From a recipe to a trained run: setup, optimizer, Keras' own fit, checkpoints."""
