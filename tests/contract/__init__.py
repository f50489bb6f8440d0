"""Tests against the official files in ``../shared``; skipped where those are not."""
