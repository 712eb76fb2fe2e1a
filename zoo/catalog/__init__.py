"""Cards: data only."""
