"""Connections, channels and views of the made-up company Acme, on the platforms that the sandbox serves.

Every start of the demo runs this again: addresses of the sandbox are set anew (its ports may have moved), whatever else
is there stays as the people at the desk have left it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from advocacy.demo import texts
from channels import secrets
from channels.models import Channel, Connection
from channels.models.connection import Priority
from mentions import presets
from mentions.models import View
from sandbox import world


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the sandbox listens, on the loopback address."""

    http: int
    imap: int
    smtp: int
    host: str = "127.0.0.1"

    def url(self, path: str) -> str:
        return f"http://{self.host}:{self.http}{path}"


@dataclass(frozen=True, slots=True)
class Place:
    """One channel. `rank`: the lowest is the primary one when several see a message."""

    slug: str
    name: str
    address: str = ""
    rank: int = 100
    is_default: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


HIGH: dict[str, Any] = {"priority": Priority.HIGH, "target_minutes": 300}


@transaction.atomic
def load(ports: Ports) -> None:
    """Everything, or nothing. Needs the encryption keys."""
    _twitter(ports)
    _hackernews(ports)
    _mailbox(ports)
    presets.load()
    _views()


def _twitter(ports: Ports) -> None:
    addresses = {"api_base": ports.url("/twitter"), "web_base": ports.url("/twitter/web")}
    login = {
        "bearer_token": world.BEARER_TOKEN,
        "consumer_key": world.CONSUMER_KEY,
        "consumer_secret": world.CONSUMER_SECRET,
    }
    search = {"search_query": f"{world.COMPANY} -is:retweet"}
    _connection("twitter", _("Twitter"), addresses, search, login, [_handle(name) for name in world.HANDLES])


def _handle(username: str) -> Place:
    handle = world.HANDLES[username]
    is_main = username == world.MAIN_HANDLE
    return Place(
        slug=f"twitter-{username}",
        name=f"@{username}",
        address=username,
        rank=10 if is_main else 20,
        is_default=is_main,
        settings={"user_id": handle.user_id, "availability_only": username == world.STATUS_HANDLE},
        secrets={"access_token": handle.access_token, "access_token_secret": handle.access_token_secret},
        more={"guidelines": texts.TWITTER.get(username, ""), **(HIGH if is_main else {})},
    )


def _hackernews(ports: Ports) -> None:
    addresses = {
        "algolia_base": ports.url("/hn/api/v1"),
        "firebase_base": ports.url("/hn/v0"),
        "web_base": ports.url("/hn/web"),
    }
    outside = {"may_reply": False, "guidelines": texts.HACKER_NEWS}
    mentions = Place(
        "hn-mentions", _("Hacker News mentions"), rank=30, is_default=True,
        more={"slack_channels": ["#hn-mentions"], **outside, **HIGH},
    )  # fmt: skip
    front_page = Place(
        "hn-front-page", _("Hacker News front page"), rank=90, is_default=True,
        more={"slack_channels": ["#community-advocates"], "to_queue": False, **outside},
    )  # fmt: skip
    phrases = {"feed": "mentions", "phrases": list(world.PHRASES)}
    _connection("hackernews", _("Hacker News mentions"), addresses, phrases, {}, [mentions])
    _connection("hackernews", _("Hacker News front page"), addresses, {"feed": "front_page"}, {}, [front_page])


def _mailbox(ports: Ports) -> None:
    addresses = {
        "imap_host": ports.host,
        "imap_port": ports.imap,
        "smtp_host": ports.host,
        "smtp_port": ports.smtp,
    }
    settings = {
        "imap_security": "plain",
        "imap_user": world.MAILBOX_USER,
        "smtp_security": "plain",
        "smtp_user": world.MAILBOX_USER,
        "inbox_folder": "INBOX",
        "sent_folder": "Sent",
        "default_domain": world.DOMAIN,
        "trusted_authserv": world.MX,
    }
    login = {"imap_password": world.MAILBOX_PASSWORD, "smtp_password": world.MAILBOX_PASSWORD}
    _connection("email", _("Mailbox"), addresses, settings, login, [_alias(name) for name in world.ALIASES])


def _alias(alias: str) -> Place:
    return Place(
        slug=f"mail-{alias}",
        name=world.address(alias),
        address=world.address(alias),
        rank=50,
        is_default=alias == world.CATCH_ALL,
        settings={"from_name": world.ALIASES[alias], "signature": texts.SIGNATURE},
        more={"guidelines": texts.MAIL},
    )


def _connection(
    platform: str,
    name: str,
    addresses: dict[str, Any],
    settings: dict[str, Any],
    login: dict[str, str],
    places: list[Place],
) -> None:
    connection, is_new = Connection.objects.get_or_create(
        name=name, defaults={"platform": platform, "settings": {**settings, **addresses}, "secrets": _sealed(login)}
    )
    if not is_new and connection.settings != (current := {**connection.settings, **addresses}):
        connection.settings = current
        connection.save(update_fields=["settings"])
    for place in places:
        Channel.objects.get_or_create(
            slug=place.slug,
            defaults={
                "connection": connection,
                "name": place.name,
                "address": place.address,
                "rank": place.rank,
                "is_default": place.is_default,
                "settings": place.settings,
                "secrets": _sealed(place.secrets),
                **place.more,
            },
        )


def _sealed(values: dict[str, str]) -> dict[str, str]:
    return {name: secrets.seal(value) for name, value in values.items()}


def _views() -> None:
    for position, (slug, name, filters, order) in enumerate(texts.views(), start=1):
        defaults = {"name": name, "filters": filters, "order": order, "position": 100 + position}
        View.objects.get_or_create(slug=slug, defaults=defaults)
