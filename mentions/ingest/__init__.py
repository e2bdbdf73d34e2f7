"""From what was fetched to what is worked on. `ingest_pending` is the one way in."""

from mentions.ingest.batch import Ingested, ingest_pending, retry_suspect, set_aside
from mentions.ingest.placing_by_hand import ensure_ticket

__all__ = ["Ingested", "ensure_ticket", "ingest_pending", "retry_suspect", "set_aside"]
