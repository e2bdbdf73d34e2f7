"""Stores authors once per platform account, and recognises our own people and handles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from channels.contract import Author as Account
from channels.contract import Config, Mention
from channels.links.web_addresses import web_address
from mentions.text.storable_text import storable

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account of a known person, ours or not."""

    person_id: int
    is_us: bool


class Accounts:
    """Accounts entered by admins, for some namespaces: (namespace, lower-case handle) → owner."""

    def __init__(self, known: Mapping[Key, KnownAccount]) -> None:
        self._known = known

    @classmethod
    def of(cls, namespaces: Iterable[str]) -> Accounts:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT a.namespace, lower(ltrim(a.handle, '@')), a.person_id, p.is_us FROM mentions_account a"
                " JOIN mentions_person p ON p.id = a.person_id WHERE a.namespace = ANY(%s)",
                [list(namespaces)],
            )
            return cls({(ns, handle): KnownAccount(person, is_us) for ns, handle, person, is_us in cursor.fetchall()})

    def known_account(self, namespace: str, author: Account) -> KnownAccount | None:
        for name in (author.id, author.handle):
            if name and (found := self._known.get((namespace, plain(name)))):
                return found
        return None


def plain(name: str) -> str:
    """A handle or address normalised for comparison: lower case, no leading @."""
    return name.lower().removeprefix("@")


def is_own_account(author: Account, config: Config) -> bool:
    """Whether the connection declares this account to be ours."""
    return any(name and plain(name) in config.own for name in (author.id, author.handle))


def is_proved(ids_are_given_by_platform: bool, mention: Mention) -> bool:
    """Whether the author is proved. In mail, where even the id is the sender's claim, only if its adapter says so:
    `extra["authenticated"]`, or `is_own`."""
    return ids_are_given_by_platform or mention.is_own or bool(mention.extra.get("authenticated"))


@dataclass(frozen=True, slots=True)
class Seen:
    """An author to be stored."""

    namespace: str
    author: Account
    known: KnownAccount | None
    is_own: bool
    at: datetime


# One statement: unchanged authors cost no write; the others are written in key order, so two workers cannot deadlock,
# and `ON CONFLICT` finds those another worker has just written.
_UPSERT = """
WITH input AS (
    SELECT * FROM json_to_recordset(%s) AS x (namespace text, external_id text, handle text, name text, url text,
                                              person_id bigint, is_us boolean, at timestamptz)
), known AS (
    SELECT a.id, a.namespace, a.external_id, a.is_us,
           (i.handle <> '' AND i.handle <> a.handle) OR (i.name <> '' AND i.name <> a.name)
           OR (i.url <> '' AND i.url <> a.url) OR (i.is_us AND NOT a.is_us)
           OR (i.person_id IS NOT NULL AND a.person_id IS NULL) AS is_changed
      FROM input i JOIN mentions_author a ON a.namespace = i.namespace AND a.external_id = i.external_id
), written AS (
    INSERT INTO mentions_author AS a
        (namespace, external_id, handle, name, url, person_id, is_us, first_seen_at)
    SELECT i.namespace, i.external_id, i.handle, i.name, i.url, i.person_id, i.is_us, i.at
      FROM input i LEFT JOIN known k ON k.namespace = i.namespace AND k.external_id = i.external_id
     WHERE k.id IS NULL OR k.is_changed
     ORDER BY i.namespace, i.external_id
    ON CONFLICT (namespace, external_id) DO UPDATE SET
        handle = coalesce(nullif(excluded.handle, ''), a.handle),
        name = coalesce(nullif(excluded.name, ''), a.name),
        url = coalesce(nullif(excluded.url, ''), a.url),
        person_id = coalesce(a.person_id, excluded.person_id),
        is_us = a.is_us OR excluded.is_us
    RETURNING id, namespace, external_id, is_us
)
SELECT id, namespace, external_id, is_us FROM written
UNION ALL
SELECT id, namespace, external_id, is_us FROM known WHERE NOT is_changed
"""


def store(seen: Iterable[Seen]) -> dict[Key, tuple[int, bool]]:
    """(namespace, id on the platform) → (row id, is one of us). The last duplicate of a key wins."""
    rows = {(each.namespace, each.author.id): _row(each) for each in seen}
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [json.dumps(list(rows.values()))])
        return {(ns, external_id): (pk, is_us) for pk, ns, external_id, is_us in cursor.fetchall()}


def _row(seen: Seen) -> dict[str, Any]:
    author = seen.author
    return {
        "namespace": seen.namespace,
        "external_id": author.id,
        "handle": storable(author.handle or "", 254),
        "name": storable(author.name or "", 300),
        "url": web_address(storable(author.url or "")),
        "person_id": seen.known.person_id if seen.known else None,
        "is_us": seen.is_own or bool(seen.known and seen.known.is_us),
        "at": seen.at.isoformat(),
    }
