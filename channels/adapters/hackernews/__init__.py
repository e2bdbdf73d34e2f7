"""Hacker News: mentions and the front page through Algolia's search, and whole threads. No posting API.

https://hn.algolia.com/api and https://github.com/HackerNews/API
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.hackernews import wire
from channels.contract import Adapter, Capability, Config, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class HackerNews(Adapter):
    """Replies are written on the site and recognised when the thread is read."""

    platform = "hackernews"
    label = "Hacker News"
    answering = (
        "The “about” field of your Hacker News profile must say who you are: your current role here.",
        "Reply to the comment itself. Say in the first sentence that you work here.",
        "Give facts and admit faults. Marketing phrases are voted down, and so is asking colleagues for votes.",
    )
    fields = (
        Field(
            "feed",
            "Feed",
            "What to collect: posts and comments that contain a phrase, or stories on the front page.",
            FieldKind.CHOICE,
            required=True,
            default="mentions",
            choices=(("mentions", "Mentions"), ("front_page", "Front page")),
        ),
        Field(
            "phrases",
            "Phrases",
            "One per line; found as whole words, in any case. Only for mentions.",
            FieldKind.LIST,
        ),
        BACKFILL_DAYS,
        Field("algolia_base", "Search API", kind=FieldKind.URL, default=wire.ALGOLIA),
        Field("firebase_base", "Item API", kind=FieldKind.URL, default=wire.FIREBASE),
        Field("web_base", "Site", kind=FieldKind.URL, default=wire.WEB),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=3)

    def reply_url(self, mention_url: str | None, external_id: str, config: Config) -> str | None:
        """The item's own page, which has the reply box for both stories and comments."""
        return wire.item_url(config, external_id)
