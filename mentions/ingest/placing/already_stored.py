"""Finds the stored message that an item repeats: a mention is stored once, however often and wherever it is seen."""

from __future__ import annotations

from mentions.ingest.reading.loading import variant_id
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, MessageState


def version_of(batch: IngestBatch, parsed: Parsed) -> MessageState | None:
    """The stored message that this item repeats or is a new version of, by any of its ids; None: it is new.

    Items that a platform sends again unchanged don't get this far: the inbox keeps one item per id and content
    (`channels.inbox.storing_once`).
    """
    namespace = parsed.feed.namespace
    stored = batch.messages.get((namespace, parsed.external_id))
    if stored is not None and not parsed.feed.edits:
        is_ours = stored.row["item_id"] is None and stored.row["direction"] == "team" and parsed.is_own
        if not is_ours and stored.row["digest"] != parsed.digest:
            # A different email with a Message-ID in use: stored as a separate message, once.
            parsed.external_id = variant_id(parsed)
            return batch.messages.get((namespace, parsed.external_id))
    if stored is None:
        stored = next((m for a in parsed.mention.aliases if (m := batch.messages.get((namespace, a)))), None)
    return stored
