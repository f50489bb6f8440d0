"""Tests of `affiliate.alerts`."""
