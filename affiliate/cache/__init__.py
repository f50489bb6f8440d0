"""The cache of agencies' answers, and the stores that hold the cache's bytes."""
