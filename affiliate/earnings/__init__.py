"""What affiliate networks report of sales: their reports, read into actions."""
