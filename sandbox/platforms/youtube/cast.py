"""The brand's channel and its videos. Pure data."""

from __future__ import annotations

import hashlib

VIDEOS: dict[str, str] = {
    "AcmeTenMins": "Acme in ten minutes",
    "AcmeRelea19": "What is new in Acme 19",
    "AcmeRunners": "Runners & caches: the whole story",
    "AcmeQuietly": "A video without comments",
}
CLOSED = "AcmeQuietly"
OWN = "acme"
"""Handle of the brand's channel."""


def channel_of(handle: str) -> str:
    return "UC" + hashlib.blake2b(handle.lower().encode(), digest_size=11).hexdigest()
