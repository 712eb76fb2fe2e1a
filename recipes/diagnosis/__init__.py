"""What happens inside a model while it trains, and what is wrong with it."""
