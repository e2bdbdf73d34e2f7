"""Slack: the Web API under /slack/api, channels as pages under /slack."""

from __future__ import annotations

from typing import Any

from sandbox.http import Response, Router, json_response
from sandbox.platform import Act, Impossible, Made, Platform
from sandbox.platforms.slack import pages
from sandbox.platforms.slack.api import Api, error
from sandbox.platforms.slack.messages import Messages
from sandbox.store import Doc
from sandbox.stories import outreach
from sandbox.universe import Universe
from sandbox.world import member


class Slack(Platform):
    name = "slack"
    title = "Slack"
    home = "/slack/"

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.messages = Messages(universe.store)
        self.api = Api(self.messages, universe.now, self.permalink, self._posted)

    def register(self, router: Router) -> None:
        self.api.register(router)
        pages.Pages(self).register(router)

    def permalink(self, message: Doc) -> str:
        link = f"{self.universe.public_url}/slack/archives/{message['channel']}/p{message['ts'].replace('.', '')}"
        if message.get("thread_ts", message["ts"]) != message["ts"]:
            link += f"?thread_ts={message['thread_ts']}&cid={message['channel']}"
        return link

    def _posted(self, message: Doc) -> None:
        outreach.to_slack(self.universe, message)

    def perform(self, act: Act) -> Made:
        """`parent` is `CHANNEL/TS` or a permalink (post: the thread answered); `more["channel"]` for a new thread."""
        parent = self.messages.at(act.parent) if act.parent else None
        if act.parent and parent is None:
            raise Impossible(f"there is no message {act.parent}")
        if act.verb == "edit" and parent is not None:
            message = self.messages.update(parent, act.text, at=act.at or self.universe.now())
        elif act.verb == "delete" and parent is not None:
            message = parent
            self.messages.delete(parent)
        elif act.verb == "post":
            message = self._say(act, parent)
        else:
            raise Impossible(f"nobody can {act.verb} on Slack")
        return Made(f"{message['channel']}/{message['ts']}", self.permalink(message))

    def _say(self, act: Act, parent: Doc | None) -> Doc:
        person = member(act.author)
        channel = parent["channel"] if parent else self.messages.channel_id(str(act.more.get("channel", "")))
        if person is None or channel is None:
            raise Impossible("a Slack message needs a team member and a channel")
        thread = parent.get("thread_ts", parent["ts"]) if parent else None
        return self.messages.post(
            channel, person.slack_id, act.text, at=act.at or self.universe.now(), thread_ts=thread
        )

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        messages = list(self.store.all("slack_message").values())
        return {
            "mentions": [],
            "optional": [],
            "ours": [m for m in messages if not m["desk"]],
            "desk": [m for m in messages if m["desk"]],
        }

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return json_response({"ok": False, "error": "ratelimited"}, 429, Retry_After="1")
        if kind == "expired":
            return error("token_expired")
        return json_response({"ok": False, "error": "internal_error"}, 500)


PLATFORM = Slack
