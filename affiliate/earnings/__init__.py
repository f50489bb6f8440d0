"""Reports of affiliate networks, read into actions."""
