"""Accounts of the owner at the agencies that sell through an API."""
