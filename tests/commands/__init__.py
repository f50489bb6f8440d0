"""One file for each file of commands."""
