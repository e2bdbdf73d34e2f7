"""The settings as one table: what each is called, how its text is read, what may stand in it, and how to mend it.

`table.SETTINGS` is the only list of them. `advocacy.settings` reads the environment through it, `advocacy.checks`
reports what was refused, docs/settings.md is compared with it, and a test tries wrong values for every row.
"""
