"""The run directory, and what a run can do: evaluate, predict, generate."""
