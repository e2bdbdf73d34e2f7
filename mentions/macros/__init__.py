"""Macros: named sets of ticket actions, applied all or nothing, with a preview.

Upper floors register actions with `macros.register_action`.
"""
