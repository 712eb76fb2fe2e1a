"""A Keras model of the user's own, trained by a recipe."""
