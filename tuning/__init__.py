"""Hyperparameter search over the field paths of a recipe.

The package holds no code yet. What a search will stand on is in place: every field of a recipe has a
dotted path, and `recipes.schema.Recipe.with_values` is the one way to change it.
"""
