"""Email: IMAP in, SMTP out. One mailbox may serve several aliases; one ticket is one thread."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from imap_tools.errors import ImapToolsError

from channels.adapters.email.fields import CHANNEL_FIELDS, CONNECTION_FIELDS
from channels.adapters.email.parsing.files import Body, read_file
from channels.adapters.email.parsing.reading import read_item
from channels.adapters.email.parsing.references import derived_id
from channels.adapters.email.receiving.folders import MAX_RAW_BYTES, OVERSIZE_HEAD_BYTES, fetch_pages, folders_of
from channels.adapters.email.receiving.imap import Session, open_session
from channels.adapters.email.sending.compose import compose
from channels.adapters.email.sending.smtp import check_smtp, deliver
from channels.clocks import desk_now
from channels.contract import (
    Adapter,
    Capability,
    Config,
    Document,
    Grouping,
    Item,
    Json,
    Mention,
    Outgoing,
    Receipt,
)
from channels.errors import ChannelError, Malformed, Rejected
from channels.http import deadlines

_FILING_TIMEOUT_S = 5.0
_FILING_S = 25.0

log = logging.getLogger(__name__)


class EmailAdapter(Adapter):
    platform = "email"
    is_private = True
    label = "Email"
    answering = (
        "They emailed us, and nobody else reads it: send us a draft, and we send it from the same address.",
        "If you write to them yourself, keep our address in Cc, so that the conversation stays in one place.",
    )
    grouping = Grouping.THREAD
    capabilities = frozenset({Capability.SEND})
    needs_sender = True
    expected_silence = timedelta(days=1)
    poll_interval_s = (20, 20)
    request_timeout_s = 150.0
    bulk_interval_s = 2.0
    fields = CONNECTION_FIELDS
    channel_fields = CHANNEL_FIELDS
    fetch = staticmethod(fetch_pages)

    def namespace(self, config: Config) -> str:
        """Message-IDs are globally unique by design; a mail sent to two mailboxes is one message."""
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

    def check(self, config: Config) -> str:
        folders = folders_of(config)
        with open_session(config) as session:
            counts = [f"{_count(session, folder, config)} in {folder}" for folder in folders]
        return f"Logged in; mails: {', '.join(counts)}. {check_smtp(config)}"

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        """Raises Uncertain if the whole mail was sent but no answer came: SMTP can't be queried afterwards. Filing the
        copy is best-effort, as the mail is already out."""
        now = desk_now()
        envelope = compose(outgoing, config, now)
        deliver(config, envelope)
        folder = config.setting("sent_folder")
        if folder and config.setting("append_sent", True):
            _file(config, str(folder), envelope.raw, now)
        return Receipt(envelope.message_id, posted_at=now)


def _count(session: Session, folder: str, config: Config) -> int:
    try:
        return session.count(folder)
    except ImapToolsError as error:
        if folder == config.setting("sent_folder"):
            return 0  # created when the first mail is filed there
        raise Rejected(f"The mailbox has no folder {folder!r}; check its name.") from error


def _file(config: Config, folder: str, raw: bytes, at: datetime) -> None:
    """Time-boxed and best-effort: the mail's receipt waits for this."""
    hurried = replace(config.network, read_timeout_s=min(config.network.read_timeout_s, _FILING_TIMEOUT_S))
    try:
        with deadlines.within(_FILING_S), open_session(replace(config, network=hurried)) as session:
            session.append(folder, raw, at)
    except ChannelError as error:
        log.warning("The reply is sent, but no copy could be filed in %s: %s", folder, error)


def _kept(raw: bytes, config: Config) -> tuple[dict[str, Json], bytes]:
    if len(raw) <= MAX_RAW_BYTES:
        return {}, raw
    whole = read_item(Item("", {}, raw), config)
    noted = [{**asdict(each), "content": None} for each in whole.attachments]
    return {"truncated": True, "size": len(raw), "attachments": noted}, raw[:OVERSIZE_HEAD_BYTES]
