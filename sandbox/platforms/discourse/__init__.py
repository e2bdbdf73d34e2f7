"""Acme's Discourse forum: API and public pages under /discourse, webhooks for every post event."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Mapping
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.platforms.discourse import pages, wire
from sandbox.platforms.discourse.api import Api
from sandbox.platforms.discourse.keys import CATEGORIES, OPEN, WEBHOOK_SECRET, key_of, user_key_of
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router, json_response
from sandbox.world import ADVOCATES

_LAST_WORD = ("thanks", "more")
_TAGS = {"ci": "pipelines", "runner": "runner", "registry": "registry", "security": "security", "boards": "boards"}
_PRIVATE = ("My licence key is 4711-0815, why does it not work?", "Can you please delete my account? I am in a hurry.")


class Discourse(Talk):
    name = "discourse"
    title = "Forum"
    home = "/discourse/"

    def register(self, router: Router) -> None:
        Api(self).register(router)
        pages.Pages(self).register(router)

    # --- what there is ----------------------------------------------------------------------------------------

    def posts(self) -> list[Doc]:
        """Existing posts, in number order."""
        return [p for p in self.store.all("forum_post").values() if not p["deleted"]]

    def post(self, number: Any) -> Doc | None:
        return self.store.get("forum_post", str(number))

    def topic(self, number: Any) -> Doc | None:
        return self.store.get("forum_topic", str(number))

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

    def url(self, post: Doc) -> str:
        topic = self.topic(post["topic"]) or {"slug": "-", "id": post["topic"]}
        tail = f"/{post['number']}" if post["number"] > 1 else ""
        return f"{self.universe.public_url}/discourse/t/{topic['slug']}/{topic['id']}{tail}"

    # --- what happens -----------------------------------------------------------------------------------------

    def perform(self, act: Act) -> Made:
        """`more`: `to` is a category or a topic; `title`, `tags`, `private` (a message to the team), `closed`."""
        at = act.at or self.universe.now()
        if act.verb == "post":
            post = self._posted(act, at)
        elif act.verb == "edit":
            post = self._existing(act.parent)
            post = self.save({**post, "text": act.text, "version": post["version"] + 1, "updated": at}, "post_edited")
        elif act.verb == "delete":
            post = self.save({**self._existing(act.parent), "deleted": True}, "post_destroyed")
        else:
            raise Impossible(f"nobody does {act.verb} on a forum")
        return Made(str(post["id"]), self.url(post))

    def _existing(self, number: str) -> Doc:
        post = self.post(number)
        if post is None or post["deleted"]:
            raise Impossible(f"there is no post {number}")
        return post

    def _posted(self, act: Act, at: float) -> Doc:
        parent = self._existing(act.parent) if act.parent else None
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

    def save(self, post: Doc, event: str = "") -> Doc:
        self.store.put("forum_post", str(post["id"]), post)
        if event:
            self.tell(lambda secret: self._hook(post, event, secret))
        return post

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

    def react(self, post: Doc, parent: Doc | None) -> None:
        """The asker's response to a team reply, some time later."""
        chance = self.universe.random
        if parent is None or not self.universe.reactions or chance.random() < 0.4:
            return
        if parent["author"].lower() in self.team() or parent["kind"] in _LAST_WORD:
            return
        asked = Act(self.name, "post", parent["author"], parent["text"], kind=parent["kind"])
        self.universe.later(self.follow_up(chance, asked, parent=str(post["id"]), key=""), chance.uniform(20, 120))

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

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Every public post is a mention. Private messages and the staff lounge appear nowhere."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for post in self.store.all("forum_post").values():
            topic = self.topic(post["topic"])
            if topic is None or not self.may_see(topic):
                continue
            if post["author"].lower() in self.team():
                told["ours"].append(self._entry(post, topic))
            elif post["deleted"]:
                told["optional"].append({**self._entry(post, topic), "reason": "deleted"})
            else:
                told["mentions"].append(self._entry(post, topic))
            if post["desk"]:
                told["desk"].append(self._entry(post, topic))
        return told

    def _entry(self, post: Doc, topic: Doc) -> dict[str, Any]:
        standing = self.in_topic(topic["id"])
        above = next((p for p in standing if p["number"] == (post["reply_to"] or 1)), None)
        return {
            "id": str(post["id"]),
            "author": post["author"],
            "text": post["text"],
            "title": topic["title"],
            "at": post["at"],
            "thread_id": str(topic["id"]),
            "in_reply_to": str(above["id"]) if above is not None and above["id"] != post["id"] else None,
            "addressed": [CATEGORIES[topic["category"]][0]],
            "likes": post["likes"],
            "deleted": post["deleted"],
            "kind": post["kind"],
        }

    def counts(self) -> dict[str, int]:
        hidden = sum(t["archetype"] == "private_message" for t in self.store.all("forum_topic").values())
        return {name: len(entries) for name, entries in self.truth().items()} | {"private": hidden}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            words = "You’ve performed this action too many times, please try again later."
            told = {"errors": [words], "error_type": "rate_limit", "extras": {"wait_seconds": 2, "time_left": "2 s"}}
            return json_response(told, 429, Retry_After="2")
        if kind == "expired":
            told = {"errors": ["The API username or key is invalid."], "error_type": "invalid_access"}
            return json_response(told, 403)
        return Response(b"<html><body><h1>Oops</h1><p>The software powering this forum...</p></body></html>", 500,
                        "text/html; charset=utf-8")  # fmt: skip


PLATFORM = Discourse
