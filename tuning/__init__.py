"""Hyperparameter search over the field paths of a recipe.

A space says which fields may vary and how far, an oracle of Keras Tuner proposes values, each
proposal is one training run of the recipe, and validation decides.
"""
