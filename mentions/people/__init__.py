"""Team members and authors: who is logged in, roles, who may see what, verified accounts.

Every query for tickets starts at `access` or `audience`.
"""
