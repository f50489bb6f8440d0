"""Licensed files: downloads, their names, types and metadata, and the sync of a folder."""
