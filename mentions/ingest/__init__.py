"""From what was fetched to what is worked on. `ingest_pending` is the one way in."""

from mentions.ingest.batch import Ingested, ingest_pending

__all__ = ["Ingested", "ingest_pending"]
