"""Licensing with an owner's own account at an agency; visitors never reach this package.

The package caches nothing and does not import Flask.
"""
