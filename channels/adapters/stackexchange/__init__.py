"""Stack Exchange: questions of any site by tag and phrase, with answers and comments; replies are written there.

https://api.stackexchange.com/docs
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.stackexchange import client, wire
from channels.contract import Adapter, Capability, Config, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class StackExchange(Adapter):
    """One connection is one site. Writing needs a user's own login and reputation, so we don't post from here."""

    platform = "stackexchange"
    label = "Stack Exchange"
    answering = (
        "Write an answer, not a comment, if you can solve it: others will find it for years.",
        "Say in the answer that you work here: the site requires it when you mention our product.",
        "Answer the question with its code and steps. A bare link is deleted.",
    )
    fields = (
        Field("site", "Site", "As in the site's address: stackoverflow, serverfault, unix, es.stackoverflow.",
              default="stackoverflow", required=True),
        Field("tags", "Tags", "One per line; a question with any of them comes in.", FieldKind.LIST),
        Field("phrases", "Phrases", "One per line; found as whole words, in any case.", FieldKind.LIST),
        Field("key", "Key", "From an application on stackapps.com; allows 10,000 requests a day instead of 300.",
              FieldKind.SECRET),
        BACKFILL_DAYS,
        Field("api_base", "API", kind=FieldKind.URL, default=client.api.default_address),
    )  # fmt: skip
    channel_fields = (Field("user_id", "Our user ID", "The number in the address of the company's profile."),)
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=7)
    poll_interval_s = (300, 1800)

    def namespace(self, config: Config) -> str:
        return f"stackexchange:{wire.site_of(config)}"
