"""Feeds: RSS, Atom, RDF and JSON Feed, from Google Alerts to mailing lists; replies are written on the entry's site.

https://www.rssboard.org/rss-specification, RFC 4287, https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

from datetime import timedelta

from channels.contract import Adapter, Capability, Field, FieldKind


class Feed(Adapter):
    """One connection reads several feeds."""

    platform = "feed"
    label = "Feeds (RSS, Atom, JSON)"
    answering = (
        "Comment on the page itself, from your own account, if it takes comments.",
        "Say first that you work here. Thank them for writing, then correct or add.",
    )
    aliases = ("rss",)
    fields = (
        Field("feeds", "Feeds", "Addresses, one per line.", FieldKind.LIST, required=True),
        Field("phrases", "Phrases", "One per line, whole words. Empty: every entry comes in.", FieldKind.LIST),
        Field("backfill_days", "Days to look back", "Older entries are left out.", FieldKind.INTEGER, default=14),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=7)
    poll_interval_s = (300, 3600)
