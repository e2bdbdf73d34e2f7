"""The starting set-up of a community advocate team, as data: channels, macros, topics, guidelines, views.

It names no real company: `$company`, `$handle` and `$domain` are filled in on loading. `loading` adds missing rows and
updates those nobody has changed.
"""
