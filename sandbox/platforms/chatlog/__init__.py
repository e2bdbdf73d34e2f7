"""A chat room served over Matrix (https://spec.matrix.org/latest/client-server-api) and as a daily IRC log.

The timeline is an append-only list of events: edits and deletions are events too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.universe import Universe
from sandbox.pages.elements import Markup, button, el, link, missing, page, reply_form, when
from sandbox.platforms.chatlog.api import Api, problem
from sandbox.platforms.chatlog.names import ALIAS, CHANNEL, ROOM, SERVER, TOKEN
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Request, Response, Router, json_response, redirect
from sandbox.world import ADVOCATES, EXPERTS, Member

BURST_S = 300
_NAMED = re.compile(r"\bacme\b", re.IGNORECASE)
_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")


class ChatLog(Talk):
    name = "chatlog"
    title = "Chat"
    home = "/chatlog/web/"

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.api = Api(self)

    def register(self, router: Router) -> None:
        self.api.register(router)
        router.add("GET", "/chatlog/web/", self.room_page)
        router.add("POST", "/chatlog/web/write", self.write)

    def account(self, member: Member) -> str | None:
        return f"@{member.key}:{SERVER}"

    def sender(self, name: str) -> str:
        """The account for a name, with or without its server."""
        local = name.lstrip("@").partition(":")[0]
        return f"@{_PLAIN.sub('-', local).lower()}:{SERVER}"

    # --- the timeline -----------------------------------------------------------------------------------------

    def events(self) -> list[Doc]:
        return list(self.store.all("chat_event").values())

    def said(self, event_id: str) -> Doc | None:
        found = self.store.get("chat_event", event_id)
        return found if found and found["type"] == "m.room.message" else None

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
        self.store.put("chat_event", event["event_id"], event)
        return event

    def perform(self, act: Act) -> Made:
        at = act.at or self.universe.now()
        about = self.said(act.parent.rpartition("/")[2]) if act.parent else None
        if act.parent and about is None:
            raise Impossible(f"there is no message {act.parent}")
        if act.verb == "post":
            content: dict[str, Any] = {"msgtype": "m.text", "body": act.text}
            if about is not None:
                content["m.relates_to"] = {"m.in_reply_to": {"event_id": about["event_id"]}}
            event = self._add("m.room.message", self.sender(act.author), at, content, kind=act.kind)
        elif act.verb == "edit" and about is not None:
            new = {"msgtype": "m.text", "body": act.text}
            relation = {"rel_type": "m.replace", "event_id": about["event_id"]}
            content = {"msgtype": "m.text", "body": f" * {act.text}", "m.new_content": new, "m.relates_to": relation}
            event = {**about, "edit": self._add("m.room.message", about["sender"], at, content, edits=True)}
            self.store.put("chat_event", event["event_id"], event)
        elif act.verb == "delete" and about is not None:
            redaction = self._add("m.room.redaction", about["sender"], at, {}, redacts=about["event_id"])
            event = {**about, "gone": redaction}
            self.store.put("chat_event", event["event_id"], event)
        else:
            raise Impossible(f"nobody can {act.verb} in a chat")
        return Made(f"{ROOM}/{event['event_id']}", self.link(event["event_id"]))

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
        """What one person said consecutively, without anybody else in between."""
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

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """A mention is a burst that names us; `id` is that of its first line that does."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        team = {self.account(member) for member in (*ADVOCATES, *EXPERTS)}
        for burst in self._bursts():
            lead = next((e for e in burst if _NAMED.search(e["content"]["body"])), None)
            entry = self._entry(burst, lead or burst[0])
            if burst[0]["sender"] in team:
                told["ours"].append(entry)
            elif lead is None:
                told["optional"].append({**entry, "reason": "context"})
            elif lead.get("gone"):
                told["optional"].append({**entry, "reason": "deleted"})
            else:
                told["mentions"].append(entry)
        return told

    def _entry(self, burst: list[Doc], lead: Doc) -> dict[str, Any]:
        return {
            "id": f"{ROOM}/{lead['event_id']}",
            "author": lead["sender"],
            "text": "\n".join(text for e in burst if (text := self.text(e))),
            "at": burst[0]["origin_server_ts"] / 1000,
            "deleted": bool(lead.get("gone")),
            "kind": lead.get("kind", ""),
        }

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def access(self) -> Access:
        base = self.universe.public_url
        settings = {"format": "matrix", "rooms": [ALIAS], "phrases": ["Acme"], "api_base": f"{base}/chatlog"}
        team = [account for member in (*ADVOCATES, *EXPERTS) if (account := self.account(member))]
        return Access(
            {**settings, "web_base": f"{base}/chatlog/web", "own_nicks": team, "network": SERVER},
            {"access_token": TOKEN},
            {ALIAS: ({}, {})},
        )

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            body = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 1000}
            return json_response(body, 429, Retry_After="1")
        if kind == "expired":
            return problem("M_UNKNOWN_TOKEN", "Unrecognised access token.", 401)
        return json_response({"errcode": "M_UNKNOWN", "error": "Internal server error"}, 500)

    # --- pages ------------------------------------------------------------------------------------------------

    def room_page(self, request: Request) -> Response:
        shown = [e for e in self.events() if e["type"] == "m.room.message" and not e.get("edits")][-200:]
        people = [(self.account(m) or m.key, f"{m.name}, {m.role}") for m in (*ADVOCATES, *EXPERTS)]
        today = datetime.fromtimestamp(self.universe.now(), UTC).date().isoformat()
        return page(
            ALIAS,
            el("p", "The same as an ", link(f"/chatlog/logs/{CHANNEL}/{today}.txt", "IRC log of today")),
            [self._article(e) for e in shown] or el("p", "Nothing yet."),
            el("h2", "Say something as one of the team"),
            reply_form("/chatlog/web/write", people),
            section=self.title,
        )

    def _article(self, event: Doc) -> Markup:
        name = event["sender"].partition(":")[0].lstrip("@")
        gone = (
            None if event.get("gone") else button("/control/delete", "Delete", platform=self.name, id=event["event_id"])
        )
        return el(
            "article",
            el("p", el("strong", name), " · ", when(event["origin_server_ts"] / 1000), class_="by"),
            el("p", self.text(event) or "[deleted]", class_="text"),
            gone,
            id=f"/{ROOM}/{event['event_id']}",
        )

    def write(self, request: Request) -> Response:
        form = request.form()
        try:
            made = self.universe.perform(Act(self.name, "post", form.get("as", ""), form.get("text", ""), by_team=True))
        except Impossible as error:
            return missing(str(error), self.title)
        return redirect(made.url)


PLATFORM = ChatLog
