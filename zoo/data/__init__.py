"""Sources of examples, and how examples become batches."""
