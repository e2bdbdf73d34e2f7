"""Twitter / X, API v2: mentions of several handles and a search; posts, threaded replies, deletions, likes."""

from __future__ import annotations

from channels.adapters.twitter import client, parsing, posting
from channels.contract import Adapter, Capability, Field, FieldKind, Grouping


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
        Field("web_base", "Site", kind=FieldKind.URL, default=parsing.WEB),
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
        Field("access_token", "Access token", "For this handle; needed to post.", FieldKind.SECRET),
        Field("access_token_secret", "Access token secret", "For this handle; needed to post.", FieldKind.SECRET),
    )
    capabilities = frozenset(
        {
            Capability.FETCH_THREAD,
            Capability.SEND,
            Capability.POST,
            Capability.DELETE,
            Capability.LIKE,
            Capability.FIND_OWN,
            Capability.EDITS,
        }
    )
    grouping = Grouping.AUTHOR_IN_THREAD
    poll_interval_s = (30, 600)
    max_reply_length = posting.MAX_LENGTH
    needs_sender = True
