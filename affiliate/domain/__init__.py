"""The terms of the field as data: searches, words, media, links; pure, and known to every layer."""
