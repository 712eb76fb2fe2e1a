"""What a study found, for people: one page and its figures."""
