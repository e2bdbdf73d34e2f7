"""Team members and authors: the current user, roles, visibility, verified accounts.

Every ticket query starts at `access` or `audience`.
"""
