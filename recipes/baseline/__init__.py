"""Simple models of scikit-learn on the same splits: what a network must beat to be worth its while."""
