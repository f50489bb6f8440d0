"""Tests against the official files in ``../shared``; skipped where these are missing."""
