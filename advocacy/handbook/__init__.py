"""The set-up that a team of community advocates begins with, as data: channels, macros, topics, guidelines, views.

Nothing of it names a real company: `$company`, `$handle` and `$domain` are filled in when it is loaded. `loading` adds
what is missing and brings up to date what nobody has changed.
"""
