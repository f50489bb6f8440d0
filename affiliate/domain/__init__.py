"""The domain's data: searches, words, media, links; without side effects, for every layer."""
