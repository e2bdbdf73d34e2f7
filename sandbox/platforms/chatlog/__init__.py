"""A chat room served over Matrix (https://spec.matrix.org/latest/client-server-api) and as a daily IRC log.

The timeline is an append-only list of events: edits and deletions are events too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.pages.elements import Markup, button, by, el, link, page, reply_form, when
from sandbox.platforms.chatlog.api import Api, problem
from sandbox.platforms.chatlog.names import ALIAS, CHANNEL, ROOM, SERVER, TOKEN
from sandbox.store import Doc
from sandbox.talk import Talk, names_us
from sandbox.wire.http import Request, Response, Router, json_response
from sandbox.world import ADVOCATES, EXPERTS, Member

BURST_S = 300
_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")


class ChatLog(Talk):
    name = "chatlog"
    title = "Chat"
    home = "/chatlog/web/"
    refusals = {
        "400": problem("M_NOT_JSON", "Content not JSON.", 400),
        "404": problem("M_UNRECOGNIZED", "Unrecognized request", 404),
        "429": json_response(
            {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 1000}, 429, Retry_After="1"
        ),
        "500": problem("M_UNKNOWN", "Internal server error", 500),
        "expired": problem("M_UNKNOWN_TOKEN", "Unrecognised access token.", 401),
    }

    def register(self, router: Router) -> None:
        server = Api(self)
        server.register(router)
        router.add("GET", "/chatlog/logs/{channel}/{file}", server.log, platform=self.name)
        router.add("GET", "/chatlog/web/", self.room_page)
        router.add("POST", "/chatlog/web/write", self.by_hand)

    def account(self, member: Member) -> str | None:
        return f"@{member.key}:{SERVER}"

    def sender(self, name: str) -> str:
        """The account for a name, with or without its server."""
        local = name.lstrip("@").partition(":")[0]
        return f"@{_PLAIN.sub('-', local).lower()}:{SERVER}"

    # --- the timeline -----------------------------------------------------------------------------------------

    def events(self) -> list[Doc]:
        return list(self.store.all("chat_event").values())

    def find(self, ref: str) -> Doc | None:
        """A message, by its id with or without the room."""
        found = self.store.get("chat_event", ref.rpartition("/")[2])
        return found if found and found["type"] == "m.room.message" else None

    def existing(self, ref: str) -> Doc:
        """Also a redacted one: it stays in the timeline, and may be answered."""
        if (found := self.find(ref)) is None:
            raise Impossible(f"there is no message {ref}")
        return found

    def _add(self, event_type: str, sender: str, at: float, content: dict[str, Any], **more: Any) -> Doc:
        number = self.store.next_number("chat_event")
        event: Doc = {
            "type": event_type,
            "room_id": ROOM,
            "event_id": f"$sandboxEvent{number:08d}",
            "sender": sender,
            "origin_server_ts": int(at * 1000),
            "content": content,
            **more,
        }
        return self.save(event)

    def posted(self, act: Act, at: float) -> Doc:
        content: dict[str, Any] = {"msgtype": "m.text", "body": act.text}
        if act.parent:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": self.existing(act.parent)["event_id"]}}
        return self._add("m.room.message", self.sender(act.author), at, content, kind=act.kind)

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": doc["event_id"]}
        content = {"msgtype": "m.text", "body": f" * {text}", "m.new_content": new, "m.relates_to": relation}
        return self.save({**doc, "edit": self._add("m.room.message", doc["sender"], at, content, edits=True)})

    def removed(self, doc: Doc, at: float) -> Doc:
        redaction = self._add("m.room.redaction", doc["sender"], at, {}, redacts=doc["event_id"])
        return self.save({**doc, "gone": redaction})

    def save(self, doc: Doc) -> Doc:
        self.store.put("chat_event", doc["event_id"], doc)
        return doc

    def made(self, doc: Doc) -> Made:
        return Made(f"{ROOM}/{doc['event_id']}", self.link(doc["event_id"]))

    def link(self, event_id: str) -> str:
        return f"{self.universe.public_url}/chatlog/web/#/{ROOM}/{event_id}"

    def text(self, event: Doc) -> str:
        if event.get("gone"):
            return ""
        return str(
            (event.get("edit") or {"content": {"m.new_content": event["content"]}})["content"]["m.new_content"]["body"]
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def _bursts(self) -> list[list[Doc]]:
        """Consecutive messages by one person, with nobody else in between."""
        bursts: list[list[Doc]] = []
        for event in self.events():
            if event["type"] != "m.room.message" or event.get("edits"):
                continue
            last = bursts[-1][-1] if bursts else None
            near = last is not None and event["origin_server_ts"] - last["origin_server_ts"] <= BURST_S * 1000
            if last is not None and near and last["sender"] == event["sender"] and len(bursts[-1]) < 40:
                bursts[-1].append(event)
            else:
                bursts.append([event])
        return bursts

    def documents(self) -> list[Doc]:
        """Bursts. A mention is one that names us; its `lead` is its first line that does."""
        found = []
        for burst in self._bursts():
            lead = next((e for e in burst if names_us(e["content"]["body"])), None)
            found.append({"burst": burst, "lead": lead or burst[0], "is_named": lead is not None})
        return found

    def place(self, doc: Doc) -> tuple[str, str]:
        if doc["lead"]["sender"].lower() in self.ours():
            return "ours", ""
        if not doc["is_named"]:
            return "optional", "context"
        return ("optional", "deleted") if doc["lead"].get("gone") else ("mentions", "")

    def entry(self, doc: Doc) -> dict[str, Any]:
        lead = doc["lead"]
        return {
            "id": f"{ROOM}/{lead['event_id']}",
            "author": lead["sender"],
            "text": "\n".join(text for e in doc["burst"] if (text := self.text(e))),
            "at": doc["burst"][0]["origin_server_ts"] / 1000,
            "deleted": bool(lead.get("gone")),
            "kind": lead.get("kind", ""),
        }

    def access(self) -> Access:
        base = self.universe.public_url
        settings = {"format": "matrix", "rooms": [ALIAS], "phrases": ["Acme"], "api_base": f"{base}/chatlog"}
        team = [account for member in (*ADVOCATES, *EXPERTS) if (account := self.account(member))]
        return Access(
            {**settings, "web_base": f"{base}/chatlog/web", "own_nicks": team, "network": SERVER},
            {"access_token": TOKEN},
            {ALIAS: ({}, {})},
        )

    # --- pages ------------------------------------------------------------------------------------------------

    def room_page(self, request: Request) -> Response:
        shown = [e for e in self.events() if e["type"] == "m.room.message" and not e.get("edits")][-200:]
        today = datetime.fromtimestamp(self.universe.now(), UTC).date().isoformat()
        return page(
            ALIAS,
            el("p", "The same as an ", link(f"/chatlog/logs/{CHANNEL}/{today}.txt", "IRC log of today")),
            [self._article(e) for e in shown] or el("p", "Nothing yet."),
            el("h2", "Say something as one of the team"),
            reply_form("/chatlog/web/write", self.people()),
            section=self.title,
        )

    def _article(self, event: Doc) -> Markup:
        name = event["sender"].partition(":")[0].lstrip("@")
        gone = (
            None if event.get("gone") else button("/control/delete", "Delete", platform=self.name, id=event["event_id"])
        )
        return el(
            "article",
            by(el("strong", name), when(event["origin_server_ts"] / 1000)),
            el("p", self.text(event) or "[deleted]", class_="text"),
            gone,
            id=f"/{ROOM}/{event['event_id']}",
        )


PLATFORM = ChatLog
