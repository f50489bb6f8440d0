"""The owner's authorization at an agency: the OAuth flow and its scopes."""
