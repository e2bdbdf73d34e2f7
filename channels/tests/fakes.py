"""A platform that exists only in memory, and fails as a test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from channels.contract import (
    Adapter,
    Author,
    Capability,
    Config,
    Field,
    FieldKind,
    Item,
    Json,
    Mention,
    Outgoing,
    Page,
    Receipt,
)
from channels.errors import Malformed, Rejected


class FakeAdapter(Adapter):
    """Items are {"id", "text", "likes"?}. `posts` are the visible posts; `on_send` runs before a post is stored."""

    platform = "fake"
    label = "Fakebook"
    fields = (
        Field("api_base", "API address", kind=FieldKind.URL, default="https://fake.example"),
        Field("port", "Port", kind=FieldKind.INTEGER, default=443),
        Field("phrases", "Phrases", kind=FieldKind.LIST),
        Field("feed", "Feed", kind=FieldKind.CHOICE, choices=(("all", "all of it"), ("top", "the best"))),
        Field("loud", "Loud", kind=FieldKind.BOOLEAN),
        Field("token", "Token", kind=FieldKind.SECRET, required=True),
    )
    channel_fields = (
        Field("user_id", "User id"),
        Field("access_token", "Access token", kind=FieldKind.SECRET),
    )
    capabilities = frozenset(Capability)
    request_timeout_s = 20.0
    index_lag_s = 30.0
    poll_interval_s = (60, 900)

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.posts: list[Outgoing] = []
        self.on_send: Callable[[Outgoing], None] = lambda outgoing: None
        self.after_send: Callable[[Outgoing], None] = lambda outgoing: None
        self.on_find: Callable[[], None] = lambda: None
        self.finds = 0
        self.deleted: list[str] = []
        self.liked: list[str] = []
        self.on_delete: Callable[[], None] = lambda: None
        self.on_like: Callable[[], None] = lambda: None
        self.pages: list[Any] = []
        self.on_fetch: Callable[[Config, Json], Iterator[Page]] | None = None
        self.thread: Callable[[str], list[Item]] = lambda thread_id: []

    def namespace(self, config: Config) -> str:
        return "fake"

    def split(self, document: Any, config: Config) -> list[Item]:
        if not isinstance(document, list):
            raise Malformed("not a list of posts")
        return [Item(str(post["id"]), post) for post in document]

    def parse(self, item: Item, config: Config) -> Mention | None:
        if not isinstance(item.payload, dict) or "text" not in item.payload:
            raise Malformed("a post without text")
        if item.payload["text"] is None:
            return None
        return Mention(item.external_id, "t1", Author("a1"), datetime(2026, 1, 1, tzinfo=UTC), item.payload["text"])

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        if self.on_fetch is not None:
            yield from self.on_fetch(config, cursor)
            return
        for page in self.pages:
            if isinstance(page, Exception):
                raise page
            yield page

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        return self.thread(thread_id)

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        self.on_send(outgoing)
        with self.lock:
            self.posts.append(outgoing)
            number = len(self.posts)
        self.after_send(outgoing)
        return Receipt(f"post-{number}", f"https://fake.example/post-{number}")

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        self.finds += 1
        self.on_find()
        for number, post in enumerate(self.posts, 1):
            if post.key == outgoing.key:
                return Receipt(f"post-{number}", f"https://fake.example/post-{number}")
        return None

    def delete(self, config: Config, external_id: str) -> None:
        self.on_delete()
        self.deleted.append(external_id)

    def like(self, config: Config, external_id: str) -> None:
        self.on_like()
        self.liked.append(external_id)


class MailLike(FakeAdapter):
    """Has no way to find its own posts, and no edits."""

    platform = "maillike"
    label = "Paper mail"
    capabilities = frozenset((Capability.SEND,))

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        raise Rejected("cannot tell")
