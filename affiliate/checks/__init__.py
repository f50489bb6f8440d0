"""The checks of a running site: agencies, links, accounts, disk, cache and ledger.

``flask doctor`` prints their findings, the owner's desk shows them. `suite` has all checks.
"""
