"""HackerOne: reports to our programs and their activities. Replies are written on HackerOne.

https://api.hackerone.com/customer-resources/ and https://api.hackerone.com/customer-reference/
"""

from __future__ import annotations

import re
from datetime import timedelta

from channels.adapters.hackerone import parsing, wire
from channels.contract import Adapter, Capability, Config, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS

_HANDLE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class HackerOne(Adapter):
    """One API token reads any number of programs, each a channel by its handle. Access (no volunteers), the
    one-business-day target and no weekends are settings of that channel."""

    platform = "hackerone"
    is_private = True
    label = "HackerOne"
    answering = (
        "The report is private: never quote it anywhere else.",
        "Only members of the program can comment there. If you aren't one, send a draft.",
    )
    fields = (
        Field("api_identifier", "API identifier", "The API token's name.", required=True),
        Field("api_token", "API token", kind=FieldKind.SECRET, required=True),
        Field("programs", "Programs", "Handles, one per line.", FieldKind.LIST, required=True),
        Field(
            "own_accounts",
            "Our accounts",
            "One per line. Needed only if the team files reports itself.",
            FieldKind.LIST,
        ),
        Field("webhook_secret", "Webhook secret", "As entered on HackerOne.", FieldKind.SECRET),
        BACKFILL_DAYS,
        Field("api_base", "API", kind=FieldKind.URL, default=wire.API),
        Field("web_base", "Site", kind=FieldKind.URL, default=wire.WEB),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=3)
    poll_interval_s = (120, 1800)
    over_states = parsing.OVER
    ends_there = True

    def reply_url(self, mention_url: str | None, external_id: str, config: Config) -> str | None:
        """The report: its comment box is below the last activity, whichever one we answer."""
        if mention_url:
            return mention_url.partition("#")[0]
        return parsing.report_url(config, external_id) if external_id.isdigit() else None

    def mail_address(self, handle: str) -> str:
        """https://docs.hackerone.com/en/articles/8404308-hacker-email-alias"""
        return f"{handle}@wearehackerone.com" if _HANDLE.fullmatch(handle) else ""
