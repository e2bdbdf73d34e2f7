"""Reddit: our own subreddits, mentions of the account, a site-wide search; replies from people's own accounts.

https://www.reddit.com/dev/api/ and https://github.com/reddit-archive/reddit/wiki/OAuth2
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from channels.adapters.reddit import client, parsing, posting
from channels.contract import Adapter, Capability, Config, Document, Field, FieldKind
from channels.errors import Malformed
from channels.toolkit.list_sources import BACKFILL_DAYS


class Reddit(Adapter):
    """One account reads; each advocate replies from their own, with a token issued to the same app."""

    platform = "reddit"
    label = "Reddit"
    answering = (
        "Reply to the comment from your own account, and say in it that you work here.",
        "Read the rules of the subreddit first: many forbid promotion, also by links.",
        "A new account may be filtered. If your answer doesn’t show for others, tell us.",
    )
    handle_prefix = "u/"
    fields = (
        Field("client_id", "Client id", "From your app, under its name on reddit.com/prefs/apps.", required=True),
        Field("client_secret", "Client secret", "From your app.", FieldKind.SECRET, required=True),
        Field("refresh_token", "Refresh token", "For the account that reads.", FieldKind.SECRET, required=True),
        Field(
            "user_agent",
            "User-Agent",
            "In Reddit's format: web:your-app:v1.0 (by /u/your-account). The account name alone works too.",
            required=True,
        ),
        Field(
            "subreddits",
            "Our subreddits",
            "One per line, without r/. All their posts and comments come in.",
            FieldKind.LIST,
        ),
        Field(
            "phrases",
            "Phrases",
            "One per line; posts anywhere on Reddit that contain one as whole words, in any case.",
            FieldKind.LIST,
        ),
        Field("mentions", "Mentions of the account", "Posts that mention u/account.", FieldKind.BOOLEAN, default=True),
        BACKFILL_DAYS,
        Field("api_base", "API", kind=FieldKind.URL, default=client.API),
        Field("auth_base", "Token server", kind=FieldKind.URL, default=client.AUTH),
        Field("web_base", "Site", kind=FieldKind.URL, default=parsing.WEB),
    )
    personal_fields = (
        Field(
            "refresh_token",
            "Refresh token",
            "From your own Reddit account, created with the connection's app.",
            FieldKind.SECRET,
            required=True,
        ),
    )
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=3)
    max_reply_length = posting.MAX_LENGTH

    def documents(self, data: bytes, config: Config) -> Iterator[Document]:
        if data.lstrip()[:1] == b"<":
            raise Malformed("This is a Reddit page or feed, not an API response. Use the “feed” platform for feeds.")
        return super().documents(data, config)
