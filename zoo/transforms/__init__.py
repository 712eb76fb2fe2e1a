"""Random changes of training examples, by kind of column, and mixing within a batch."""
