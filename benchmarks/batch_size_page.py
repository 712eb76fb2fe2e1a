"""The page and the figure of batch_size.py."""

draw = to_lines = None
