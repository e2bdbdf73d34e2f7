"""Small platforms for tests, one for each way in which the desk groups; payloads contain only what a mention needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from channels.contract import Adapter, Author, Capability, Grouping, Item, Mention, Outgoing, Page, Receipt
from channels.errors import Malformed, Rejected
from channels.inbox.storing_once import store_page
from mentions.ingest.batch import ingest_pending
from mentions.tests.factories import NOON, ChannelFactory, ConnectionFactory

NAMES = {field.name for field in fields(Mention)}


class Forum(Adapter):
    """One author in a thread is a ticket; has edits and whole threads, like Twitter or Hacker News."""

    platform = "testforum"
    label = "Test forum"
    capabilities = frozenset({Capability.EDITS, Capability.FETCH_THREAD, Capability.FIND_OWN})
    grouping = Grouping.AUTHOR_IN_THREAD

    def namespace(self, config):
        return self.platform

    def split(self, document, config):
        return [Item(entry["item"], entry) for entry in document]

    def parse(self, item, config):
        payload = item.payload
        if payload.get("broken"):
            raise Malformed("broken on purpose")
        if payload.get("nothing"):
            return None
        values = {name: value for name, value in payload.items() if name in NAMES}
        values["author"] = Author(**values["author"])
        if values.get("requester"):
            values["requester"] = Author(**values["requester"])
        for name in ("posted_at", "edited_at"):
            values[name] = parse_datetime(values[name]) if values.get(name) else None
        for name in ("aliases", "thread_keys", "links"):
            values[name] = tuple(values.get(name) or ())
        values["addressed"] = tuple(tuple(tier) for tier in values.get("addressed") or ())
        return Mention(**values)

    def fetch(self, config, cursor):
        yield Page([], None)


class Mailbox(Forum):
    """A whole thread is a ticket; only the sender vouches for ids and senders."""

    platform = "testmail"
    label = "Test mail"
    capabilities = frozenset({Capability.SEND})
    grouping = Grouping.THREAD


class Wire(Forum):
    """Can send everything, records what was sent, and rejects the verb named in `refuses`."""

    platform = "testwire"
    label = "Test wire"
    capabilities = Forum.capabilities | {Capability.SEND, Capability.DELETE, Capability.LIKE, Capability.POST}

    def __init__(self) -> None:
        self.posted: list[str] = []
        """Keys in posting order."""
        self.deleted: list[str] = []
        self.liked: list[str] = []
        self.refuses = ""
        """"send", "delete" or "like"."""
        self.people: list[Any] = []
        self.source: Any = None
        """The team and the connection, shared by a whole test."""

    def _perhaps(self, verb: str) -> None:
        if self.refuses == verb:
            raise Rejected(f"no {verb} today")

    def send(self, config: Any, outgoing: Outgoing) -> Receipt:
        self._perhaps("send")
        self.posted.append(outgoing.key)
        return Receipt(f"w-{outgoing.key}", f"https://wire.example/{outgoing.key}")

    def find_own(self, config: Any, outgoing: Outgoing, since: datetime) -> Receipt | None:
        return Receipt(f"w-{outgoing.key}") if outgoing.key in self.posted else None

    def delete(self, config: Any, external_id: str) -> None:
        self._perhaps("delete")
        self.deleted.append(external_id)

    def like(self, config: Any, external_id: str) -> None:
        self._perhaps("like")
        self.liked.append(external_id)


def said(
    external_id: str,
    author: str = "ann",
    *,
    hours: float = 0,
    thread: str | None = None,
    parent: str | None = None,
    item: str | None = None,
    text: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The payload of a post by `author`, `hours` after noon."""
    return {
        "item": item or external_id,
        "external_id": external_id,
        "thread_id": thread or external_id,
        "parent_id": parent,
        "author": {"id": author, "handle": author, "name": author.title()},
        "posted_at": (NOON + timedelta(hours=hours)).isoformat(),
        "text": text if text is not None else f"{author} says {external_id}",
        **more,
    }


def connection_with(platform: str, **channel: Any):
    """A connection with one default channel."""
    connection = ConnectionFactory(platform=platform)
    ChannelFactory(connection=connection, is_default=True, **channel)
    return connection


def arrive(connection, payloads: Iterable[dict[str, Any]], *, role: str = "mention", minutes: float = 60) -> list[int]:
    """Puts items into the inbox, as a poll `minutes` after noon would."""
    at: datetime = NOON + timedelta(minutes=minutes)
    items = [Item(payload["item"], payload) for payload in payloads]
    return store_page(connection.pk, Page(items, None), fetched_at=at, role=role)


def ingest(connection, payloads: Iterable[dict[str, Any]], **how: Any):
    """Through the inbox and ingest; returns the counts."""
    arrive(connection, payloads, **how)
    return ingest_pending()
