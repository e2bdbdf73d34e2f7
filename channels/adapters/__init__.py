"""One package or module per platform; each defines one `Adapter`.

Nothing above imports a platform by name: ask `channels.registry.lookup`.
"""
