"""From data to a plan of training: what it holds, what to train, how long, and the command."""
