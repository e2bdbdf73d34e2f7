"""Slack: the Web API under /slack/api, channels as pages under /slack, events to any subscriber."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made, Timed
from sandbox.base.platform import Platform
from sandbox.base.universe import Universe
from sandbox.platforms.slack import events, interactions, pages, people
from sandbox.platforms.slack.api import Api, error
from sandbox.platforms.slack.messages import Messages
from sandbox.store import Doc
from sandbox.stories import outreach
from sandbox.wire.http import json_response
from sandbox.world import ADVOCATES, SLACK_BOT, SLACK_CHANNELS, SLACK_GROUPS, SLACK_SIGNING_SECRET, SLACK_TOKEN, Member


class Slack(Platform):
    name = "slack"
    title = "Slack"
    home = "/slack/"
    servers = (Api, pages.Pages)
    refusals = {
        "400": error("invalid_json"),
        "404": error("unknown_method"),
        "429": json_response({"ok": False, "error": "ratelimited"}, 429, Retry_After="1"),
        "500": json_response({"ok": False, "error": "internal_error"}, 500),
        "expired": error("token_expired"),
    }
    kinds = tuple(dict.fromkeys(people.KINDS))
    weight = 1

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.messages = Messages(universe.store)

    def permalink(self, message: Doc) -> str:
        link = f"{self.universe.public_url}/slack/archives/{message['channel']}/p{message['ts'].replace('.', '')}"
        if message.get("thread_ts", message["ts"]) != message["ts"]:
            link += f"?thread_ts={message['thread_ts']}&cid={message['channel']}"
        return link

    # --- acts -------------------------------------------------------------------------------------------------

    def find(self, ref: str) -> Doc | None:
        """By `CHANNEL/TS`, `CHANNEL:TS` or a permalink."""
        return self.messages.at(ref.replace(":", "/") if ref[:1] == "C" else ref)

    def perform(self, act: Act) -> Made:
        """`react`: the text is the emoji's name. `click`: the action; `more["chosen"]`: the member picked."""
        if act.verb == "click":
            message = self.existing(act.parent)
            self.click(message, act.text, self._author(act), people.person(str(act.more.get("chosen") or "-")))
            return self.made(message)
        if act.verb != "react":
            return super().perform(act)
        emoji, at = act.text.strip(":") or people.EMOJI, act.at or self.universe.now()
        return self.made(self.react(self.existing(act.parent), emoji, self._author(act).slack_id, at=at))

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.edit(doc, text, at=at)

    def removed(self, doc: Doc, at: float) -> Doc:
        self.delete(doc, at=at)
        return doc

    def made(self, doc: Doc) -> Made:
        return Made(f"{doc['channel']}:{doc['ts']}", self.permalink(doc))

    def _author(self, act: Act) -> people.Person:
        person = people.person(act.author)
        if person is None:
            raise Impossible("a Slack message needs a team member and a channel")
        return person

    def posted(self, act: Act, at: float) -> Doc:
        """`parent`: the thread to reply in; `more["channel"]` or `more["to"]` for a new one."""
        parent = self.existing(act.parent) if act.parent else None
        person = self._author(act)
        named = str(act.more.get("channel") or act.more.get("to") or "")
        channel = parent["channel"] if parent else self.messages.channel_id(named)
        if channel is None:
            raise Impossible("a Slack message needs a team member and a channel")
        thread = parent.get("thread_ts", parent["ts"]) if parent else None
        kind = "" if parent else act.kind
        message = self.messages.post(channel, person.slack_id, act.text, at=at, thread_ts=thread, kind=kind)
        self._tell(events.posted(self.messages.wire(message), channel), at)
        return message

    def posted_by_desk(self, message: Doc) -> None:
        """The desk posted something through the API."""
        self._tell(events.posted(self.messages.wire(message), message["channel"]), message["at"])
        outreach.to_slack(self.universe, message)
        self._customer_reacts(message)

    def edit(self, message: Doc, text: str, *, at: float, **rich: Any) -> Doc:
        before = self.messages.wire(message)
        changed = self.messages.update(message, text, at=at, **rich)
        self._tell(events.changed(self.messages.wire(changed), before, message["channel"], at), at)
        return changed

    def delete(self, message: Doc, *, at: float) -> None:
        before = self.messages.wire(message)
        self.messages.delete(message)
        self._tell(events.deleted(before, message["channel"], at), at)

    def react(self, message: Doc, name: str, user: str, *, at: float) -> Doc:
        try:
            changed = self.messages.react(message, name, user)
        except ValueError as refused:
            raise Impossible(str(refused)) from refused
        self._tell(events.reacted(user, name, message, at), at)
        return changed

    def click(self, message: Doc, action_id: str, who: people.Person, chosen: people.Person | None) -> None:
        """Somebody presses a button, or chooses from a menu, of one of the desk's messages."""
        trigger = f"{self.store.next_number('slack_trigger')}.1"
        payload = interactions.clicked(message, self.messages.wire(message), action_id, who, chosen, trigger)
        self.universe.webhooks.call(interactions.HOOK, interactions.signed(payload))

    def _tell(self, event: Doc, at: float) -> None:
        number = self.store.next_number("slack_event")
        self.tell(events.signed(events.envelope(event, number, at)))

    def _customer_reacts(self, message: Doc) -> None:
        """A colleague says thanks or asks a follow-up after the desk answered their question; once."""
        root = self.messages.get(message["channel"], str(message.get("thread_ts") or ""))
        if root is None or not self._is_wanted(root) or not self.universe.reactions:
            return
        said = [m for m in self.messages.thread(root["channel"], root["ts"]) if m["user"] == root["user"]]
        mood = self.universe.random.choice(("thanks", "thanks", "more", ""))
        if len(said) < 3 and mood:
            text = people.say(self.universe.random, mood)
            act = Act("slack", "post", root["user"], text, parent=f"{message['channel']}/{message['ts']}")
            self.universe.later(act, self.universe.random.uniform(4, 25))

    # --- generated conversations ------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        return people.opening(random_, key, kind, to, author)

    def answer(self, random_: random.Random, act: Act, key: str) -> Act:
        who = random_.choice(ADVOCATES)
        text = people.say(random_, "answer")
        return Act("slack", "post", who.slack_id, text, key=key, parent=f"~{act.key}", by_team=True)

    def follow_up(self, random_: random.Random, act: Act, *, parent: str, key: str) -> Act:
        kind = random_.choice(("thanks", "thanks", "more"))
        return Act("slack", "post", act.author, people.say(random_, kind), key=key, parent=parent, kind=kind)

    def account(self, member: Member) -> str | None:
        return member.slack_id

    # --- truth ------------------------------------------------------------------------------------------------

    def _is_wanted(self, message: Doc) -> bool:
        """A question, request or ping outside threads, or a message with the emoji, in a room where the team is
        asked."""
        if message["user"] == SLACK_BOT or self.messages.channel_name(message["channel"]) not in people.ROOMS:
            return False
        pings = f"<!subteam^{SLACK_GROUPS['advocates']}>" in message["text"]
        asks = (pings or message.get("kind") in ("question", "review")) and not message.get("thread_ts")
        return asks or people.EMOJI in message.get("reactions", {})

    def documents(self) -> list[Doc]:
        messages = self.store.all("slack_message").values()
        return [m for m in messages if not (m.get("gone") and m["desk"])]

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {**doc, "id": f"{doc['channel']}:{doc['ts']}", "author": doc["user"]}

    def place(self, doc: Doc) -> tuple[str, str]:
        if doc["desk"]:
            return "desk", ""
        if self._is_wanted(doc):
            return ("optional", "deleted") if doc.get("gone") else ("mentions", "")
        root = self.messages.get(doc["channel"], str(doc.get("thread_ts") or ""))
        if doc.get("gone"):
            return "", ""
        if root is not None and root["user"] == doc["user"] and self._is_wanted(root):
            return "optional", "follow-up"
        return "ours", ""

    def access(self) -> Access:
        return Access(
            {
                "api_base": f"{self.universe.public_url}/slack/api",
                "rooms": [f"{SLACK_CHANNELS[name]} {name}" for name in people.ROOMS],
                "groups": [f"{SLACK_GROUPS['advocates']} advocates"],
                "what": "both",
                "emoji": people.EMOJI,
                "look_back_days": 14,
            },
            {"bot_token": SLACK_TOKEN, "signing_secret": SLACK_SIGNING_SECRET},
            {name: ({}, {}) for name in people.ROOMS},
        )


PLATFORM = Slack
