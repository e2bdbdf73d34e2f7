"""One package or module per platform; each defines one `Adapter`.

Nothing above this package imports a platform by name; use `channels.registry.finding_adapters`.
"""
