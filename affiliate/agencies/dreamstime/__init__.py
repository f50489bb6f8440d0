"""Dreamstime: its client and the shapes of its answers."""
