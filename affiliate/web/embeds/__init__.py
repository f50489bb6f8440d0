"""Embeds: the frame, the script, the builder and oEmbed."""
