"""Whether two data sets differ, and in what."""
