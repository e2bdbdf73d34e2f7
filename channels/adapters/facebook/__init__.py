"""Facebook: comments on a page's posts, visitors' posts, and private messages to the page.

https://developers.facebook.com/docs/pages-api/ and https://developers.facebook.com/docs/messenger-platform/
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.facebook import parsing, posting, wire
from channels.contract import Adapter, Capability, Config, Field, FieldKind, Grouping
from channels.toolkit.list_sources import BACKFILL_DAYS


class Facebook(Adapter):
    """One connection per page. User ids are scoped to the page, and so is the namespace.

    A conversation is a first comment with its replies, a visitor's post, or the messages with one person. Each has its
    own thread, so a thread is a ticket. (With threads split by author, an echo of our message couldn't find its ticket:
    no source says what it replies to.)
    """

    platform = "facebook"
    label = "Facebook"
    answering = (
        "Comment below the post from your own profile, and reply to their comment.",
        "Your profile should show where you work. If you would rather keep it private, send us a draft.",
    )
    fields = (
        Field("page_id", "Page", "The page ID (About › Page transparency).", required=True),
        Field("page_token", "Page access token", kind=FieldKind.SECRET, required=True),
        Field("app_secret", "App secret", "Signs our requests and verifies Facebook's webhooks.", FieldKind.SECRET),
        Field("verify_token", "Verify token", "Choose any value and enter it with the webhook.", FieldKind.SECRET),
        Field("app_id", "App", "The app ID. Shows when the token expires."),
        Field("read_comments", "Comments and visitors' posts", kind=FieldKind.BOOLEAN, default=True),
        Field("read_messages", "Private messages", kind=FieldKind.BOOLEAN, default=True),
        Field(
            "human_agent",
            "Answer messages for seven days",
            "Instead of 24 hours. Requires Facebook's human agent permission for the app.",
            FieldKind.BOOLEAN,
            default=False,
        ),
        BACKFILL_DAYS,
        Field("watch_days", "Days to watch a post for comments", kind=FieldKind.INTEGER, default=30),
        Field("version", "API version", default=wire.VERSION),
        Field("api_base", "API", kind=FieldKind.URL, default=wire.API),
        Field("web_base", "Site", kind=FieldKind.URL, default=wire.WEB),
    )
    capabilities = frozenset({Capability.EDITS})
    grouping = Grouping.THREAD
    expected_silence = timedelta(days=2)
    max_reply_length = posting.MAX_COMMENT

    def namespace(self, config: Config) -> str:
        return f"facebook:{parsing.page_id(config)}"

    def is_private_thread(self, thread_id: str) -> bool:
        return thread_id.startswith(wire.TALK)
