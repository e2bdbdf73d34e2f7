"""Mastodon: mentions of one account on one instance, plus a search and hashtags there; replies from that account.

https://docs.joinmastodon.org/client/intro/
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.mastodon import client, posting
from channels.contract import Adapter, Capability, Config, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class Mastodon(Adapter):
    """One connection is one account on one instance; the channel's address is the account name."""

    platform = "mastodon"
    label = "Mastodon"
    answering = (
        "Reply to the post from your own account, and keep its visibility.",
        "Your profile should say that you work here and what you do.",
    )
    handle_prefix = "@"
    aliases = ("fediverse",)
    fields = (
        Field(
            "api_base",
            "Instance",
            "The account's instance, such as https://mastodon.social.",
            FieldKind.URL,
            required=True,
            default="https://mastodon.social",
        ),
        Field("access_token", "Access token", "Created on the instance.", FieldKind.SECRET, required=True),
        Field(
            "phrases",
            "Phrases",
            "One per line; public posts that contain one as whole words, if the instance has full-text search.",
            FieldKind.LIST,
        ),
        Field("hashtags", "Hashtags", "One per line, without #.", FieldKind.LIST),
        BACKFILL_DAYS,
    )
    capabilities = frozenset({Capability.POST, Capability.EDITS})
    expected_silence = timedelta(days=3)
    max_reply_length = posting.MAX_LENGTH

    def namespace(self, config: Config) -> str:
        return f"mastodon:{client.site(config)}"
