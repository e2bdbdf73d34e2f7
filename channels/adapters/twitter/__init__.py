"""Twitter / X, API v2: mentions of several handles and a search; posts, threaded replies, deletions, likes; direct
messages in channels with the address `dm:handle`."""

from __future__ import annotations

from channels.adapters.twitter import accounts, client, direct_messages, direct_parsing, posting
from channels.adapters.twitter.accounts import DIRECT
from channels.contract import Adapter, Capability, Config, Field, FieldKind


class Twitter(Adapter):
    """One app login serves any number of handles, each a channel with its own tokens for posting."""

    platform = "twitter"
    label = "Twitter"
    answering = (
        "Reply to the tweet from your own account, so that they see it in their notifications.",
        "Your profile should say that you work here and what you do.",
        "A tweet holds 280 characters: one point, and a link for the rest.",
    )
    handle_prefix = "@"
    fields = (
        Field("bearer_token", "Bearer token", "From your app; used for reading.", FieldKind.SECRET, required=True),
        Field("consumer_key", "API key", "From your app; needed to post.", FieldKind.SECRET),
        Field("consumer_secret", "API key secret", "From your app; needed to post.", FieldKind.SECRET),
        Field("search_query", "Search", "Read in addition to mentions of the handles. Uses Twitter's search syntax."),
        Field("api_base", "API", kind=FieldKind.URL, default=client.api.default_address),
        Field("web_base", "Site", kind=FieldKind.URL, default=accounts.WEB),
    )
    channel_fields = (
        Field("user_id", "User id", "The account's numeric ID. Empty: looked up by name."),
        Field(
            "availability_only",
            "Availability only",
            "Answers only questions about availability and replies to its own updates; the main handle answers "
            "everything else.",
            FieldKind.BOOLEAN,
        ),
        Field(
            "availability_words",
            "Availability words",
            "One per line, to replace the built-in ones (down, outage, 502, …).",
            FieldKind.LIST,
        ),
        Field(
            "highlights",
            "Highlights",
            "Its tickets offer to quote the tweet in a post from this handle, by the roles that may post as it.",
            FieldKind.BOOLEAN,
        ),
        Field(
            "never_likes",
            "Never likes",
            "Mentions of this handle cannot be liked from the desk, and it sends no likes.",
            FieldKind.BOOLEAN,
        ),
        Field("access_token", "Access token", "For this handle; needed to post.", FieldKind.SECRET),
        Field("access_token_secret", "Access token secret", "For this handle; needed to post.", FieldKind.SECRET),
    )
    capabilities = frozenset({Capability.POST, Capability.EDITS})
    poll_interval_s = (30, 600)
    max_reply_length = posting.MAX_LENGTH
    bulk_interval_s = 10.0
    """100 posts in 15 minutes: https://docs.x.com/x-api/fundamentals/rate-limits"""
    needs_sender = True

    def is_private_address(self, address: str) -> bool:
        return address.lower().startswith(DIRECT)

    def may_answer(self, address: str, thread_id: str) -> bool:
        return self.is_private_address(address) or not self.is_private_thread(thread_id)

    def is_private_thread(self, thread_id: str) -> bool:
        return thread_id.startswith(DIRECT)

    def account_of(self, address: str) -> str:
        return address[len(DIRECT) :] if self.is_private_address(address) else address

    def reply_limit(self, address: str) -> int | None:
        return direct_messages.MAX_LENGTH if self.is_private_address(address) else posting.MAX_LENGTH

    def private_thread(self, config: Config, address: str, person: str) -> str:
        return direct_parsing.thread_of(config, self.account_of(address.lower()), person)
