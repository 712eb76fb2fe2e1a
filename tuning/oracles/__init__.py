"""Who proposes the next values of a search."""
