"""Names our own side in a conversation: `Acme · @acme on Twitter`, never the bare name of a platform."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from channels.models import Channel
from channels.registry.finding_adapters import all_adapters
from channels.registry.icons import icon_of
from mentions.models import Author, Message


def of_channel(channel: Channel) -> str:
    """The channel as a sender. Reads its connection."""
    adapter = all_adapters().get(channel.connection.platform)
    if adapter is not None and adapter.is_private_address(channel.address):
        return _("Direct message from %(account)s") % {"account": account_of(channel)}
    return named(channel.address, channel.connection.platform)


def account_of(channel: Channel) -> str:
    """The account alone: `@acme`, `help@acme.example`; the channel's name if it has no address."""
    adapter = all_adapters().get(channel.connection.platform)
    account = channel.address.strip().lstrip("@")
    if adapter is None or not account or "@" in account:
        return account or channel.name
    return f"{adapter.handle_prefix}{adapter.account_of(account)}"


def named(address: str, platform: str) -> str:
    """`Acme · @acme on Twitter`; `Acme · help@acme.example`, since a mail address speaks for itself; without an address
    `Acme on Discourse`."""
    return _joined(settings.COMPANY_NAME, address, platform)


def of_message(message: Message) -> str:
    """Who wrote it, as a reader should see them. Reads its author, and for our own its channel and connection."""
    if message.direction != Message.Direction.TEAM:
        return str(message.author)
    channel = message.channel
    return of_author(message.author, channel.connection.platform, channel.address, channel.name)


def of_author(author: Author, platform: str, address: str = "", channel_name: str = "") -> str:
    """The author of one of our messages, in a channel with this address and name. A colleague who answered from their
    own account has their name first: `Ana Lima, Acme · ana on Hacker News`."""
    company = settings.COMPANY_NAME
    adapter = all_adapters().get(platform)
    address = adapter.account_of(address) if adapter is not None else address
    handle = author.handle.lstrip("@")
    is_brand = bool(address) and handle.lower() == address.lstrip("@").lower()
    if is_brand or author.name in ("", handle, channel_name, icon_of(platform).label):
        return _joined(company, handle or address, platform)
    who = author.name if company.lower() in author.name.lower() else f"{author.name}, {company}"
    return _joined(who, handle or address, platform)


def _joined(who: str, address: str, platform: str) -> str:
    adapter = all_adapters().get(platform)
    account = address.strip().lstrip("@")
    account = adapter.account_of(account) if adapter is not None else account
    where = {"who": who, "platform": icon_of(platform).label}
    if not account:
        return _("%(who)s on %(platform)s") % where
    prefix = adapter.handle_prefix if adapter is not None else ""
    if "@" in account and not prefix:
        return f"{who} · {account}"
    return _("%(who)s · %(account)s on %(platform)s") % {**where, "account": prefix + account}
