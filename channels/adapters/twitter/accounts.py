"""Our accounts: which handles a connection has, their ids, and whether an author is one of them. Pure.

A channel with the address `acme` is the handle @acme in public; one with `dm:acme` holds its direct messages, with the
tokens of `acme`.
"""

from __future__ import annotations

from channels.contract import Author, Config

WEB = "https://twitter.com"
DIRECT = "dm:"


def web_base(config: Config) -> str:
    return config.address("web_base", WEB)


def handles(config: Config) -> list[str]:
    """Handles that tweet, best rank first."""
    return [address for address in config.addresses if not address.startswith(DIRECT)]


def direct_handles(config: Config) -> list[str]:
    """Handles with a channel for direct messages."""
    return [address.removeprefix(DIRECT) for address in config.addresses if address.startswith(DIRECT)]


def given_id(config: Config, handle: str) -> str | None:
    """From the channel's settings, else from the prefix of its access token."""
    given = str(config.channel_settings.get(handle, {}).get("user_id") or "")
    token, dash, _ = config.channel_secrets.get(handle, {}).get("access_token", "").partition("-")
    return next((number for number in (given, token if dash else "") if number.isdigit()), None)


def is_ours(author: Author, config: Config) -> bool:
    handle = author.handle.lower() if author.handle else ""
    if handle and (handle in config.addresses or handle in config.own):
        return True
    if not author.id:
        return False
    return author.id in config.own or any(
        str(settings.get("user_id", "")) == author.id for settings in config.channel_settings.values()
    )
