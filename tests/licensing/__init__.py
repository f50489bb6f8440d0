"""The paying side."""
