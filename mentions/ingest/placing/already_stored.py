"""Whether a mention is stored already: a mention is kept once, however often and wherever it is seen."""

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
    known = batch.messages.get((namespace, parsed.external_id))
    if known is not None and not parsed.feed.edits:
        is_ours = known.row["item_id"] is None and known.row["direction"] == "team" and parsed.is_own
        if not is_ours and known.row["digest"] != parsed.digest:
            # A different email with a Message-ID in use: stored as a separate message, once.
            parsed.external_id = variant_id(parsed)
            return batch.messages.get((namespace, parsed.external_id))
    if known is None:
        known = next((m for a in parsed.mention.aliases if (m := batch.messages.get((namespace, a)))), None)
    return known
