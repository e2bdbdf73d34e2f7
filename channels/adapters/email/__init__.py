"""E-mail: IMAP in, SMTP out. One mailbox may serve several aliases; one ticket is one thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import ClassVar

from channels.adapters.email.files import Body, read_file
from channels.adapters.email.reading import read_item
from channels.adapters.email.references import derived_id
from channels.contract import (
    Adapter,
    Capability,
    Config,
    Document,
    Field,
    FieldKind,
    Grouping,
    Item,
    Json,
    Mention,
    Page,
)
from channels.errors import Malformed

MAX_RAW_BYTES = 25 * 1024 * 1024
KEPT_OF_LARGER = 1024 * 1024


class EmailAdapter(Adapter):
    platform = "email"
    label = "E-mail"
    grouping = Grouping.THREAD
    capabilities = frozenset({Capability.SEND})
    expected_silence = timedelta(days=1)
    poll_interval_s = (20, 20)

    def namespace(self, config: Config) -> str:
        """Message-IDs are meant to be unique in the world; a mail to two mailboxes is one message."""
        return "email"

    def documents(self, data: bytes, config: Config) -> Iterator[Document]:
        yield from read_file(data)

    def split(self, document: Document, config: Config) -> list[Item]:
        if isinstance(document, Body):
            return [
                Item(
                    derived_id("", document.data),
                    {"body_only": True, "html": document.is_html},
                    document.data[:MAX_RAW_BYTES],
                )
            ]
        if not isinstance(document, bytes | bytearray | memoryview):
            raise Malformed("a mail comes as bytes")
        raw = bytes(document)
        return [Item(derived_id("", raw), *_kept(raw, config))]

    def parse(self, item: Item, config: Config) -> Mention | None:
        if item.raw is None:
            problem = item.payload.get("error") if isinstance(item.payload, dict) else None
            raise Malformed(problem or "the mail's bytes are missing")
        return read_item(item, config)

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        raise NotImplementedError


def _kept(raw: bytes, config: Config) -> tuple[dict[str, Json], bytes]:
    if len(raw) <= MAX_RAW_BYTES:
        return {}, raw
    whole = read_item(Item("", {}, raw), config)
    noted = [{**asdict(each), "content": None} for each in whole.attachments]
    return {"truncated": True, "size": len(raw), "attachments": noted}, raw[:KEPT_OF_LARGER]
