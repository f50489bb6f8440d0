"""Purchases: checkout, their journal on the disk, and their settlement."""
