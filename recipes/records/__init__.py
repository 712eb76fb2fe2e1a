"""What the package states: recorded results, and their verification."""
