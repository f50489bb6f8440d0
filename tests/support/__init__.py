"""Helpers that several test modules share: servers, doubles, clocks and small readers of pages."""
