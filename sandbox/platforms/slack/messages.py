"""Slack's messages and people. A message is one document under `CHANNEL/TS`; deleted ones are kept, marked as gone."""

from __future__ import annotations

import re
from typing import Any

from sandbox.platforms.slack.people import COLLEAGUES, Person
from sandbox.store import Doc, Store
from sandbox.world import ADVOCATES, SLACK_BOT, SLACK_CHANNELS, TEAM

_LINK = re.compile(r"/archives/(C\w+)/p(\d{10})(\d{6})")
BOT_ID = "B0DESK"
PEOPLE: tuple[Person, ...] = (*TEAM, *COLLEAGUES)


class Messages:
    def __init__(self, store: Store) -> None:
        self.store = store

    def channel_id(self, name: str) -> str | None:
        """By id, `#name` or `name`; a member's id means the direct messages with them."""
        if name in SLACK_CHANNELS.values() or (name.startswith("D") and self.person(f"U{name[1:]}")):
            return name
        if self.person(name):
            return f"D{name[1:]}"
        return self.channels().get(name.lstrip("#"))

    def channels(self) -> dict[str, str]:
        """Current name → id."""
        renamed = {doc["id"]: doc["name"] for doc in self.store.all("slack_renamed").values()}
        return {renamed.get(known, name): known for name, known in SLACK_CHANNELS.items()}

    def rename(self, name: str, to: str) -> str:
        """The id stays. Raises KeyError for an unknown channel."""
        channel = self.channels()[name.lstrip("#")]
        self.store.put("slack_renamed", channel, {"id": channel, "name": to.lstrip("#")})
        return channel

    def deactivate(self, slack_id: str) -> None:
        self.store.put("slack_gone", slack_id, {"id": slack_id})

    def is_gone(self, slack_id: str) -> bool:
        return self.store.get("slack_gone", slack_id) is not None

    def channel_name(self, channel: str) -> str:
        return next((name for name, known in self.channels().items() if known == channel), channel)

    def person(self, slack_id: str) -> Person | None:
        return next((m for m in PEOPLE if m.slack_id == slack_id), None)

    def name(self, slack_id: str) -> str:
        person = self.person(slack_id)
        return person.name if person else "Mention Desk" if slack_id == SLACK_BOT else slack_id

    def get(self, channel: str, ts: str) -> Doc | None:
        return self.at(f"{channel}/{ts}")

    def at(self, where: str) -> Doc | None:
        """By `CHANNEL/TS` or permalink; None if deleted."""
        if match := _LINK.search(where):
            where = f"{match[1]}/{match[2]}.{match[3]}"
        found = self.store.get("slack_message", where)
        return None if found is None or found.get("gone") else found

    def post(self, channel: str, user: str, text: str, *, at: float, thread_ts: str | None = None, **more: Any) -> Doc:
        """`more`: blocks, attachments, metadata, kind, desk (posted through the API)."""
        micros = int(at * 1_000_000)
        while self.store.get("slack_message", f"{channel}/{micros // 1_000_000}.{micros % 1_000_000:06d}") is not None:
            micros += 1
        ts = f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
        message: Doc = {
            "channel": channel,
            "ts": ts,
            "user": user,
            "text": text,
            "at": at,
            "desk": bool(more.pop("desk", False)),
        }
        if thread_ts:
            message["thread_ts"] = thread_ts
        return self._save({**message, **more})

    def update(self, message: Doc, text: str, *, at: float, **more: Any) -> Doc:
        edited = {"user": message["user"], "ts": f"{at:.6f}"}
        return self._save({**message, "text": text, "edited": edited, "edits": message.get("edits", 0) + 1, **more})

    def react(self, message: Doc, name: str, user: str) -> Doc:
        """Raises ValueError if this user already reacted with it."""
        by = list(message.get("reactions", {}).get(name, ()))
        if user in by:
            raise ValueError("already_reacted")
        return self._save({**message, "reactions": {**message.get("reactions", {}), name: [*by, user]}})

    def delete(self, message: Doc) -> None:
        self._save({**message, "gone": True})

    def in_channel(self, channel: str) -> list[Doc]:
        """Oldest first, including thread replies; deleted messages only if they have replies."""
        found = [m for m in self.store.all("slack_message").values() if m["channel"] == channel]
        standing = {m.get("thread_ts") for m in found if not m.get("gone")}
        return sorted((m for m in found if not m.get("gone") or m["ts"] in standing), key=lambda m: m["ts"])

    def thread(self, channel: str, ts: str) -> list[Doc]:
        """The message that started it, then its replies."""
        return [m for m in self.in_channel(channel) if m["ts"] == ts or m.get("thread_ts") == ts]

    def wire(self, message: Doc, *, metadata: bool = True) -> dict[str, Any]:
        """As returned by the Web API; a thread's parent includes its reply count."""
        made: dict[str, Any] = {
            "type": "message",
            "user": message["user"],
            "text": message["text"],
            "ts": message["ts"],
            "team": "T0ACME",
        }
        if message.get("gone"):
            made |= {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted.", "hidden": True}
        elif message["user"] == SLACK_BOT:
            made |= {"bot_id": BOT_ID, "app_id": "A0DESK"}
        for name in ("thread_ts", "edited", "blocks", "attachments", "metadata"):
            if name in message and (name != "metadata" or metadata) and not message.get("gone"):
                made[name] = message[name]
        if message.get("reactions"):
            made["reactions"] = [{"name": n, "users": by, "count": len(by)} for n, by in message["reactions"].items()]
        answers = [
            m for m in self.thread(message["channel"], message["ts"]) if m is not message and m["ts"] != message["ts"]
        ]
        if answers:
            made |= {
                "thread_ts": message["ts"],
                "reply_count": len(answers),
                "reply_users": sorted({m["user"] for m in answers}),
                "latest_reply": answers[-1]["ts"],
            }
        return made

    def user(self, person: Person) -> dict[str, Any]:
        profile = {"real_name": person.name, "display_name": person.key, "email": person.email, "title": person.role}
        return {
            "id": person.slack_id,
            "team_id": "T0ACME",
            "name": person.key,
            "real_name": person.name,
            "deleted": self.is_gone(person.slack_id),
            "is_bot": False,
            "tz": person.time_zone,
            "is_admin": person in ADVOCATES[:1],
            "profile": profile,
        }

    def _save(self, message: Doc) -> Doc:
        self.store.put("slack_message", f"{message['channel']}/{message['ts']}", message)
        return message
