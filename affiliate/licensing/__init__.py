"""The paying side: what an owner does with their own account at an agency; never visitors.

Nothing here is cached, and nothing knows Flask.
"""
