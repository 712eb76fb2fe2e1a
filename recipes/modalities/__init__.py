"""Models of several inputs: what they owe to each, and whether they use what each has to tell."""
