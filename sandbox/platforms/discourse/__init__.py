"""Acme's Discourse forum: API and public pages under /discourse, webhooks for every post event."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Mapping
from typing import Any

from sandbox.base.acts import Access, Act
from sandbox.platforms.discourse import pages, wire
from sandbox.platforms.discourse.api import Api, failure
from sandbox.platforms.discourse.keys import CATEGORIES, OPEN, WEBHOOK_SECRET, key_of, user_key_of
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import html_response
from sandbox.world import ADVOCATES

_LAST_WORD = ("thanks", "more")
_TAGS = {"ci": "pipelines", "runner": "runner", "registry": "registry", "security": "security", "boards": "boards"}
_PRIVATE = ("My licence key is 4711-0815, why does it not work?", "Can you please delete my account? I am in a hurry.")


class Discourse(Talk):
    name = "discourse"
    title = "Forum"
    home = "/discourse/"
    servers = (Api, pages.Pages)
    refusals = {
        "400": failure(400, "You supplied invalid parameters to the request", "invalid_parameters"),
        "404": failure(404, "The requested URL or resource could not be found.", "not_found"),
        "429": failure(
            429,
            "You’ve performed this action too many times, please try again later.",
            "rate_limit",
            extras={"wait_seconds": 2, "time_left": "2 s"},
            retry_after="2",
        ),
        "500": html_response(
            "<h1>Oops</h1><p>The software powering this forum...</p>", 500, "text/html; charset=utf-8"
        ),
        "expired": failure(403, "The API username or key is invalid.", "invalid_access"),
    }
    post_kind = "forum_post"

    # --- posts and topics -------------------------------------------------------------------------------------

    def posts(self) -> list[Doc]:
        """Existing posts, in number order."""
        return [p for p in self.store.all("forum_post").values() if not p["deleted"]]

    def post(self, number: Any) -> Doc | None:
        return self.store.get("forum_post", str(number))

    def topic(self, number: Any) -> Doc | None:
        return self.store.get("forum_topic", str(number))

    def topics(self) -> list[Doc]:
        """Those with a post, in number order."""
        return [topic for topic in self.store.all("forum_topic").values() if self.in_topic(topic["id"])]

    def in_topic(self, number: Any) -> list[Doc]:
        return [p for p in self.posts() if str(p["topic"]) == str(number)]

    def may_see(self, topic: Doc, me: str = "") -> bool:
        """Private messages are visible to their participants, the lounge to staff."""
        if topic["archetype"] == "private_message":
            return bool(me) and me in topic["people"]
        return topic["category"] in OPEN or me.lower() in self.team()

    def user(self, name: str, shown: str = "") -> Doc:
        known = self.store.get("forum_user", name)
        if known is None:
            member = self.team().get(name.lower())
            known = {"id": self.store.next_number("forum_user", 100), "username": name, "staff": member is not None}
            known["name"] = member.name if member else shown
            self.store.put("forum_user", name, known)
        return known

    def url(self, doc: Doc) -> str:
        topic = self.topic(doc["topic"]) or {"slug": "-", "id": doc["topic"]}
        tail = f"/{doc['number']}" if doc["number"] > 1 else ""
        return f"{self.universe.public_url}/discourse/t/{topic['slug']}/{topic['id']}{tail}"

    # --- acts -------------------------------------------------------------------------------------------------

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.save({**doc, "text": text, "version": doc["version"] + 1, "updated": at}, "post_edited")

    def removed(self, doc: Doc, at: float) -> Doc:
        return self.save({**doc, "deleted": True}, "post_destroyed")

    def posted(self, act: Act, at: float) -> Doc:
        """`more`: `to` is a category or a topic; `title`, `tags`, `private` (a message to the team), `closed`."""
        parent = self.existing(act.parent) if act.parent else None
        shown = str(act.more.get("name", ""))
        if parent is None:
            topic = self.topic(act.more.get("to", "")) or self._opened(act, at)
        else:
            topic = self.topic(parent["topic"]) or {}
        return self.add(topic, act.author, act.text, at=at, parent=parent, kind=act.kind, shown=shown)

    def _opened(self, act: Act, at: float) -> Doc:
        chance = random.Random(f"{act.author} {act.text}")
        is_private = bool(act.more.get("private"))
        slugs = {slug: number for number, (slug, _) in CATEGORIES.items()}
        category = None if is_private else slugs.get(str(act.more.get("to", "")), chance.choice(OPEN[1:]))
        tags = act.more.get("tags") or [tag for topic, tag in _TAGS.items() if topic == act.more.get("topic")]
        topic = self.open(
            str(act.more.get("title") or act.text.split("\n")[0][:70] or "A question"),
            at,
            category=category,
            tags=[str(tag) for tag in tags],
            closed=bool(act.more.get("closed")),
            people=[act.author, "sam", "maria"] if is_private else [],
        )
        if not is_private and "private" not in act.more and act.key and chance.random() < 0.1:
            hidden = self.open("Something private", at, category=None, people=[act.author, "sam"])
            self.add(hidden, act.author, chance.choice(_PRIVATE), at=at)
        return topic

    def open(
        self,
        title: str,
        at: float,
        *,
        category: int | None,
        tags: list[str] | None = None,
        closed: bool = False,
        people: list[str] | None = None,
    ) -> Doc:
        """A topic; without a category it is a private message among `people`."""
        topic: Doc = {
            "id": self.store.next_number("forum_topic", 700),
            "title": title,
            "slug": wire.slug_of(title),
            "category": category,
            "archetype": "regular" if category else "private_message",
            "tags": tags or [],
            "closed": closed,
            "people": people or [],
            "at": at,
            "posts": 0,
        }
        self.store.put("forum_topic", str(topic["id"]), topic)
        return topic

    def add(
        self,
        topic: Doc,
        author: str,
        text: str,
        *,
        at: float,
        parent: Doc | None = None,
        kind: str = "",
        shown: str = "",
        desk: bool = False,
    ) -> Doc:
        self.user(author, shown)
        topic = {**topic, "posts": topic["posts"] + 1}
        self.store.put("forum_topic", str(topic["id"]), topic)
        if parent is not None:
            self.store.put("forum_post", str(parent["id"]), {**parent, "replies": parent["replies"] + 1})
        post: Doc = {
            "id": self.store.next_number("forum_post", 9000),
            "topic": topic["id"],
            "number": topic["posts"],
            "reply_to": parent["number"] if parent is not None and parent["number"] > 1 else None,
            "author": author,
            "text": text,
            "at": at,
            "updated": at,
            "version": 1,
            "type": 1,
            "replies": 0,
            "likes": [],
            "deleted": False,
            "kind": kind,
            "desk": desk,
        }
        return self.save(post, "post_created")

    def save(self, doc: Doc, event: str = "") -> Doc:
        """`event`: the webhook event to send, if any."""
        if event:
            self.tell(lambda secret: self._hook(doc, event, secret))
        return super().save(doc)

    def _hook(self, post: Doc, event: str, secret: str) -> tuple[bytes, Mapping[str, str]]:
        """https://meta.discourse.org/t/setting-up-webhooks/49045"""
        topic = self.topic(post["topic"]) or {}
        body = json.dumps({"post": wire.hooked(post, topic, self.user(post["author"]))}).encode()
        return body, {
            "Content-Type": "application/json",
            "User-Agent": "Discourse/2026.11",
            "X-Discourse-Instance": f"{self.universe.public_url}/discourse",
            "X-Discourse-Event-Id": str(self.store.next_number("forum_event")),
            "X-Discourse-Event-Type": "post",
            "X-Discourse-Event": event,
            "X-Discourse-Event-Signature": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
        }

    def answered(self, post: Doc, parent: Doc | None) -> None:
        """The team replied; the asker may respond, some time later."""
        if parent is not None and parent["kind"] not in _LAST_WORD:
            asked = Act(self.name, "post", parent["author"], parent["text"], kind=parent["kind"])
            self.react(asked, str(post["id"]), chance=0.6, after_s=(20, 120))

    # --- for the desk -----------------------------------------------------------------------------------------

    def access(self) -> Access:
        """Lee has a user API key, the others have one created by an admin."""
        personal = {m.key: {"api_key": key_of(m.key), "username": m.key} for m in ADVOCATES}
        return Access(
            {"api_base": f"{self.universe.public_url}/discourse"},
            {"webhook_secret": WEBHOOK_SECRET},
            {},
            {**personal, "lee": {"api_key": user_key_of("lee")}},
        )

    def documents(self) -> list[Doc]:
        """Public posts. Private messages and the staff lounge appear nowhere."""
        return [p for p in super().documents() if (topic := self.topic(p["topic"])) and self.may_see(topic)]

    def entry(self, doc: Doc) -> dict[str, Any]:
        topic = self.topic(doc["topic"]) or {}
        standing = self.in_topic(topic["id"])
        above = next((p for p in standing if p["number"] == (doc["reply_to"] or 1)), None)
        return {
            "id": str(doc["id"]),
            "author": doc["author"],
            "text": doc["text"],
            "title": topic["title"],
            "at": doc["at"],
            "thread_id": str(topic["id"]),
            "in_reply_to": str(above["id"]) if above is not None and above["id"] != doc["id"] else None,
            "addressed": [CATEGORIES[topic["category"]][0]],
            "likes": doc["likes"],
            "deleted": doc["deleted"],
            "kind": doc["kind"],
        }

    def counts(self) -> dict[str, int]:
        hidden = sum(t["archetype"] == "private_message" for t in self.store.all("forum_topic").values())
        return super().counts() | {"private": hidden}


PLATFORM = Discourse
