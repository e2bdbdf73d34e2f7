"""Disqus, API 3.0: comments of one or more forums; replies from an advocate's own account.

https://disqus.com/api/docs/
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.disqus import client
from channels.contract import Adapter, Capability, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class Disqus(Adapter):
    """One application key reads any number of forums; each forum is a channel (address: its short name)."""

    platform = "disqus"
    label = "Disqus"
    answering = (
        "Use your personal Disqus account, and reply to the comment itself, so that they are notified.",
        "Your display name should be your real one, and your profile should say that you work here.",
        "If you wrote the post, say so: people like to hear from the author.",
    )
    fields = (
        Field("api_key", "API key", "From your application (the public key).", FieldKind.SECRET, required=True),
        Field("api_secret", "API secret", "From your application.", FieldKind.SECRET),
        Field("access_token", "Access token", "From a moderator of the forums.", FieldKind.SECRET),
        Field("forums", "Forums", "Forum short names, one per line.", FieldKind.LIST, required=True),
        Field(
            "with_moderated",
            "Include pending, spam and deleted",
            "Disqus shows these only to moderators: this needs a moderator's access token.",
            FieldKind.BOOLEAN,
            default=True,
        ),
        BACKFILL_DAYS,
        Field("api_base", "API", kind=FieldKind.URL, default=client.api.default_address),
    )
    personal_fields = (
        Field(
            "access_token",
            "Access token",
            "From your own Disqus account, for the application this desk uses.",
            FieldKind.SECRET,
            required=True,
        ),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=3)
    poll_interval_s = (120, 900)
