"""Everything that answers HTTP: pages, API, embeds, the owner's area, and the page cache."""
