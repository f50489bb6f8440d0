"""The visitors' side: pages, media, collections, and what search engines read."""
