"""The cache of agencies' answers, and the stores that keep its bytes."""
