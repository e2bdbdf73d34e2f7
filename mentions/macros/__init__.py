"""Macros: named sets of actions, applied all or nothing, with a preview.

Upper floors register actions through `macros.register_action`.
"""
