"""One file for each agency."""
