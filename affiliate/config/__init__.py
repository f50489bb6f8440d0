"""The settings: the only reader of the environment, and what each value may be."""
