"""Lobsters: the newest stories and their comments, matched here; replies are written on the site.

https://lobste.rs/about and https://github.com/lobsters/lobsters
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.lobsters import wire
from channels.contract import Adapter, Capability, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class Lobsters(Adapter):
    """No key, no JSON search, no posting API: new stories are read and matched here."""

    platform = "lobsters"
    label = "Lobsters"
    answering = (
        "Only invited people can comment: without an account, send a draft.",
        "Your profile’s “about” should say where you work. Take part in the discussion, do not promote.",
    )
    fields = (
        Field(
            "phrases",
            "Phrases",
            "One per line; found as whole words in title, text and address, in any case.",
            FieldKind.LIST,
            required=True,
        ),
        Field(
            "comments",
            "Include comments",
            "Reads comments on stories that have new ones, a few stories per poll.",
            FieldKind.BOOLEAN,
            default=True,
        ),
        BACKFILL_DAYS,
        Field("api_base", "API", kind=FieldKind.URL, default=wire.WEB),
        Field("web_base", "Site", kind=FieldKind.URL, default=wire.WEB),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=14)
    poll_interval_s = (300, 3600)
