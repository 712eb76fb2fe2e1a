"""What a recipe says: its schema, its files, and what is wrong with either; no Keras."""
