"""The demo catalogue: pictures that need no key and no network."""
