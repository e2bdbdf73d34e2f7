"""Hashed ids of erased items: they are never stored again, whether from a poll, a webhook or a mailbox."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from channels.models import Connection, ErasedId, InboundItem
from channels.registry.configs import source_for
from channels.registry.fields import InvalidSettings
from channels.registry.finding_adapters import UnknownPlatform

T = TypeVar("T")
PREFIX = "erased:"
NO_DIGEST = b"\0" * 16


def digest_of(namespace: str, external_id: str) -> bytes:
    """32 bytes that identify one id of one platform. Pure."""
    return hashlib.sha256(f"{namespace}\0{external_id}".encode("utf-8", "backslashreplace")).digest()


def erased_id(namespace: str, external_id: str) -> str:
    """The replacement for an id; stable per id, which keeps conversations together. Pure."""
    if external_id.startswith(PREFIX):
        return external_id
    return PREFIX + digest_of(namespace, external_id).hex()[:40]


def bury(ids: Iterable[tuple[str, str]], now: datetime) -> int:
    """Remember these (namespace, external id); returns how many are new."""
    digests = {
        digest_of(namespace, external_id)
        for namespace, external_id in ids
        if external_id and not external_id.startswith(PREFIX)
    }
    known = {bytes(d) for d in ErasedId.objects.filter(digest__in=digests).values_list("digest", flat=True)}
    rows = [ErasedId(digest=digest, at=now) for digest in sorted(digests - known)]
    ErasedId.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def without_buried(namespace: str, items: Mapping[str, T]) -> dict[str, T]:
    """The items (by external id) that weren't erased. One statement."""
    digests = {digest_of(namespace, external_id): external_id for external_id in items}
    if not digests:
        return {}
    erased = ErasedId.objects.filter(digest__in=list(digests)).values_list("digest", flat=True)
    buried = {digests[bytes(digest)] for digest in erased}
    return {external_id: item for external_id, item in items.items() if external_id not in buried}


def namespaces() -> dict[int, str]:
    """Connection id → namespace of its ids; without connections with incomplete settings."""
    found = {}
    for connection in Connection.objects.prefetch_related("channels"):
        try:
            source = source_for(connection)
        except (UnknownPlatform, InvalidSettings):
            continue
        found[connection.pk] = source.adapter.namespace(source.config)
    return found


def connections_in(namespace: str) -> list[int]:
    """Ids of the connections with this namespace."""
    return [pk for pk, space in namespaces().items() if space == namespace]


def erase_items(ids: Iterable[int]) -> int:
    """Erase the contents of these items, and keep only the fact that they came in. Returns how many. Pending ones are
    never parsed."""
    spaces = namespaces()
    changed = 0
    items = InboundItem.objects.filter(pk__in=list(ids)).exclude(external_id__startswith=PREFIX)
    for item in items.defer("raw"):
        item.external_id = erased_id(spaces.get(item.connection_id, ""), item.external_id)
        item.payload, item.raw, item.digest, item.error = None, None, NO_DIGEST, ""
        if item.state in (InboundItem.State.PENDING, InboundItem.State.FAILED):
            item.state, item.ignored_why = InboundItem.State.IGNORED, InboundItem.Ignored.ERASED
        item.save(update_fields=["external_id", "payload", "raw", "digest", "error", "state", "ignored_why"])
        changed += 1
    return changed
