"""A search from query to page: shared among agencies, asked side by side, limited and counted."""
