"""The settings: the only reading of the environment, and the readers of each value."""
