"""Tensor names of other projects, one family of models a file, named as the model's own file."""
