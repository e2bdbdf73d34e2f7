"""Slack's messages and people. A message is one document under `CHANNEL/TS`."""

from __future__ import annotations

import re
from typing import Any

from sandbox.store import Doc, Store
from sandbox.world import ADVOCATES, SLACK_BOT, SLACK_CHANNELS, TEAM, Member

_LINK = re.compile(r"/archives/(C\w+)/p(\d{10})(\d{6})")
BOT_ID = "B0DESK"


class Messages:
    def __init__(self, store: Store) -> None:
        self.store = store

    def channel_id(self, name: str) -> str | None:
        """By id, `#name` or `name`."""
        if name in SLACK_CHANNELS.values():
            return name
        return SLACK_CHANNELS.get(name.lstrip("#"))

    def channel_name(self, channel: str) -> str:
        return next((name for name, known in SLACK_CHANNELS.items() if known == channel), channel)

    def person(self, slack_id: str) -> Member | None:
        return next((m for m in TEAM if m.slack_id == slack_id), None)

    def name(self, slack_id: str) -> str:
        person = self.person(slack_id)
        return person.name if person else "Mention Desk" if slack_id == SLACK_BOT else slack_id

    def get(self, channel: str, ts: str) -> Doc | None:
        return self.store.get("slack_message", f"{channel}/{ts}")

    def at(self, where: str) -> Doc | None:
        """By `CHANNEL/TS` or permalink."""
        if match := _LINK.search(where):
            return self.get(match[1], f"{match[2]}.{match[3]}")
        return self.store.get("slack_message", where)

    def post(self, channel: str, user: str, text: str, *, at: float, thread_ts: str | None = None, **more: Any) -> Doc:
        """`more`: blocks, attachments, metadata, desk (it came through the API)."""
        micros = int(at * 1_000_000)
        while self.get(channel, f"{micros // 1_000_000}.{micros % 1_000_000:06d}") is not None:
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
        return self._save({**message, "text": text, "edited": {"user": message["user"], "ts": f"{at:.6f}"}, **more})

    def delete(self, message: Doc) -> None:
        self.store.drop("slack_message", f"{message['channel']}/{message['ts']}")

    def in_channel(self, channel: str) -> list[Doc]:
        """Oldest first, threads' answers among them."""
        found = [m for m in self.store.all("slack_message").values() if m["channel"] == channel]
        return sorted(found, key=lambda m: m["ts"])

    def thread(self, channel: str, ts: str) -> list[Doc]:
        """The message that began it, then its answers."""
        return [m for m in self.in_channel(channel) if m["ts"] == ts or m.get("thread_ts") == ts]

    def wire(self, message: Doc) -> dict[str, Any]:
        """As the Web API shows it; the parent of a thread says how many answers it has."""
        made: dict[str, Any] = {
            "type": "message",
            "user": message["user"],
            "text": message["text"],
            "ts": message["ts"],
            "team": "T0ACME",
        }
        if message["user"] == SLACK_BOT:
            made |= {"bot_id": BOT_ID, "app_id": "A0DESK"}
        for name in ("thread_ts", "edited", "blocks", "attachments", "metadata"):
            if name in message:
                made[name] = message[name]
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

    def user(self, person: Member) -> dict[str, Any]:
        profile = {"real_name": person.name, "display_name": person.key, "email": person.email, "title": person.role}
        return {
            "id": person.slack_id,
            "team_id": "T0ACME",
            "name": person.key,
            "real_name": person.name,
            "deleted": False,
            "is_bot": False,
            "tz": person.time_zone,
            "is_admin": person in ADVOCATES[:1],
            "profile": profile,
        }

    def _save(self, message: Doc) -> Doc:
        self.store.put("slack_message", f"{message['channel']}/{message['ts']}", message)
        return message
