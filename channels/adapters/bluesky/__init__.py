"""Bluesky (AT Protocol): mentions, replies and quotes of one account, plus a search; replies from that account.

https://docs.bsky.app/docs/get-started
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.bluesky import client, parsing, posting
from channels.contract import Adapter, Capability, Field, FieldKind
from channels.toolkit.graphemes import grapheme_count
from channels.toolkit.list_sources import BACKFILL_DAYS


class Bluesky(Adapter):
    """One connection is one account; the channel's address is its handle, e.g. `acme.example`."""

    platform = "bluesky"
    label = "Bluesky"
    answering = (
        "Reply to the post from your own account, so that they see it in their notifications.",
        "Your profile’s description should say that you work here and what you do.",
        "A post holds 300 characters. For more, link to an issue or the docs.",
    )
    handle_prefix = "@"
    fields = (
        Field("handle", "Handle", "The account's handle, such as acme.bsky.social or acme.example.", required=True),
        Field(
            "app_password",
            "App password",
            "From Settings › Privacy and security › App passwords; not the account's own.",
            FieldKind.SECRET,
            required=True,
        ),
        Field("phrases", "Phrases", "One per line; posts that contain one as whole words.", FieldKind.LIST),
        BACKFILL_DAYS,
        Field("api_base", "PDS", "The server that hosts the account.", FieldKind.URL, default=client.API),
        Field("web_base", "Site", kind=FieldKind.URL, default=parsing.WEB),
    )
    # Posts can't be edited, but a deleted one is delivered once more, marked as deleted.
    capabilities = frozenset({Capability.POST, Capability.EDITS})
    expected_silence = timedelta(days=3)
    max_reply_length = posting.MAX_LENGTH

    def reply_length(self, text: str) -> int:
        return grapheme_count(text)
