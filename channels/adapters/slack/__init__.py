"""Slack: questions from our own people in selected channels, answered in their thread.

https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.slack.client import API
from channels.contract import Adapter, Capability, Field, FieldKind, Grouping


class Slack(Adapter):
    """Each Slack channel is a channel of the desk, addressed by name or id."""

    platform = "slack"
    is_private = True
    label = "Slack"
    answering = ("Reply in the thread in Slack, so that the channel stays readable.",)
    fields = (
        Field("api_base", "API address", kind=FieldKind.URL, default=API),
        Field(
            "rooms",
            "Channels",
            "One per line: a name (public channels), an id such as C0123ABCD, or both: “C0123ABCD swag”. With the id, "
            "events also report deletions.",
            FieldKind.LIST,
            required=True,
        ),
        Field(
            "what",
            "What becomes a ticket",
            "Questions: messages outside threads that have a question mark or ask for a review of a draft.",
            FieldKind.CHOICE,
            default="both",
            choices=(("questions", "Questions"), ("emoji", "Messages with the emoji"), ("both", "Both")),
        ),
        Field("emoji", "Emoji", "Name of the agreed emoji, without colons.", default="ticket"),
        Field(
            "groups",
            "User groups",
            "One per line, id and name: “S0123ABCD advocates”. A message outside threads that pings one becomes a "
            "ticket, question or not.",
            FieldKind.LIST,
        ),
        Field(
            "look_back_days",
            "Days to look back",
            "On the first poll, and for later edits and emoji.",
            FieldKind.INTEGER,
            default=7,
        ),
        Field("bot_token", "Bot token", "Starts with xoxb-.", FieldKind.SECRET, required=True),
        Field("signing_secret", "Signing secret", "From the app; without it no events are accepted.", FieldKind.SECRET),
    )
    capabilities = frozenset({Capability.EDITS})
    grouping = Grouping.THREAD
    is_internal = True
    expected_silence = timedelta(days=5)
    poll_interval_s = (30, 300)
    index_lag_s = 15.0
    max_reply_length = 40_000
