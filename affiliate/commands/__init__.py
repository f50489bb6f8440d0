"""The owner's commands of the paying side and of the care of the site, one module for each group.

``cli.register`` adds them.
"""
