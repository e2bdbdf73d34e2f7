"""YouTube: comments on selected channels and videos, answered from the brand's own channel.

https://developers.google.com/youtube/v3/docs
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.youtube import client, wire
from channels.contract import Adapter, Capability, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class YouTube(Adapter):
    """Reading needs an API key, replying an OAuth login of the brand's channel."""

    platform = "youtube"
    label = "YouTube"
    answering = (
        "Reply to the comment from your own account, not to the video.",
        "Say that you work here. If the video contains the answer, give the time.",
    )
    fields = (
        Field("channel_ids", "Channels", "Ids (UC…), one per line: comments on all their videos.", FieldKind.LIST),
        Field("video_ids", "Videos", "Ids, one per line: the part after v= in the address.", FieldKind.LIST),
        Field("phrases", "Phrases", "One per line, whole words. Empty: every comment comes in.", FieldKind.LIST),
        Field("api_key", "API key", "From a Google Cloud project with the YouTube Data API.", FieldKind.SECRET,
              required=True),
        Field("client_id", "OAuth client", "Only for replies."),
        Field("client_secret", "OAuth client secret", "Only for replies.", FieldKind.SECRET),
        Field("refresh_token", "Refresh token", "For the channel that replies, with the scope youtube.force-ssl.",
              FieldKind.SECRET),
        Field("daily_units", "Daily units for polling", "Out of the project's 10,000. The rest is for replies (50 "
            "each) and followed threads.", FieldKind.INTEGER, default=client.DAILY_UNITS),
        BACKFILL_DAYS,
        Field("api_base", "API", kind=FieldKind.URL, default=client.API),
        Field("token_base", "Token server", kind=FieldKind.URL, default=client.TOKENS),
        Field("web_base", "Site", kind=FieldKind.URL, default=wire.WEB),
    )  # fmt: skip
    channel_fields = (
        Field("user_id", "Our channel ID", "UC…: its comments are our own answers."),
    )  # fmt: skip
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=7)
    poll_interval_s = (180, 1800)
    index_lag_s = 120.0
    max_reply_length = 10_000
