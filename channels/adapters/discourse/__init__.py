"""Discourse: one forum's posts, by polling and webhook; replies from an advocate's own account.

https://docs.discourse.org/
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.discourse import client
from channels.contract import Adapter, Capability, Config, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class Discourse(Adapter):
    """One connection is one forum. A channel's address is a category slug; a channel without one gets the rest."""

    platform = "discourse"
    label = "Discourse"
    answering = (
        "Reply in the topic from your own forum account, so that everybody who finds it later reads the answer.",
        "If your account lacks rights for this, tell us: the forum’s admins can raise them.",
        "Quote the part that you answer. If a topic already has the answer, link to it instead of repeating it.",
    )
    fields = (
        Field("api_base", "Forum address", "https://forum.example.com", FieldKind.URL, required=True),
        Field("api_key", "API key", "Needed only if reading requires a login; use a read-only key.", FieldKind.SECRET),
        Field("api_username", "API key user", "The forum user that the key belongs to."),
        Field("categories", "Categories", "Slugs, one per line; empty: all.", FieldKind.LIST),
        Field("tags", "Tags", "One per line; a topic needs one of them. Empty: all.", FieldKind.LIST),
        Field(
            "staff_is_own",
            "Forum staff are team members",
            "Posts by admins and moderators count as our answers. Switch this off for a forum that is not yours.",
            FieldKind.BOOLEAN,
            default=True,
        ),
        Field("webhook_secret", "Webhook secret", "As entered on the forum.", FieldKind.SECRET),
        BACKFILL_DAYS,
    )
    personal_fields = (
        Field(
            "api_key",
            "API key",
            "A user API key from your own account, or a key that a forum admin created for your user.",
            FieldKind.SECRET,
            required=True,
        ),
        Field("username", "User name", "Only for a key that an admin created; leave empty for a user API key."),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=2)
    poll_interval_s = (90, 900)

    def namespace(self, config: Config) -> str:
        return f"discourse:{client.site(config)}"
