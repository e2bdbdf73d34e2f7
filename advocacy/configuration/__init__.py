"""The settings as one table: name, parser, allowed values and remedy of each.

`table.SETTINGS` is the only list of them. `advocacy.settings` reads the environment through it, `advocacy.checks`
reports refused values, docs/settings.md is compared with it, and a test tries wrong values for every row.
"""
