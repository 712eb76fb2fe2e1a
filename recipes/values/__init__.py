"""The schema of recipes, their files, and error messages about both; no Keras."""
