"""Depositphotos: its client, its filters and the shapes of its answers."""
