"""Slack's channels as pages, with a form to post as a team member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.base.acts import Act
from sandbox.pages.elements import Markup, button, by, choice, el, link, missing, page, reply_form, when
from sandbox.platforms.slack import interactions
from sandbox.platforms.slack.messages import PEOPLE
from sandbox.platforms.slack.people import COLLEAGUES, EMOJI
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router
from sandbox.world import SLACK_CHANNELS

if TYPE_CHECKING:
    from sandbox.platforms.slack import Slack

SECTION = "Slack"
_PEOPLE = [(m.key, f"{m.name}, {m.role}") for m in PEOPLE]


class Pages:
    def __init__(self, slack: Slack) -> None:
        self.slack, self.messages = slack, slack.messages

    def register(self, router: Router) -> None:
        router.add("GET", "/slack/", self.channels)
        router.add("GET", "/slack/{name}", self.channel)
        router.add("GET", "/slack/archives/{channel}/{ts}", self.thread)
        router.add("POST", "/slack/write", self.write)
        router.add("POST", "/slack/react", self.react)
        router.add("POST", "/slack/click", self.click)

    def channels(self, request: Request) -> Response:
        counts = {name: len(self.messages.in_channel(channel)) for name, channel in SLACK_CHANNELS.items()}
        rows = [el("li", link(f"/slack/{name}", "#" + name), f" · {counts[name]} messages") for name in counts]
        return page("Slack", el("ul", rows), section=SECTION)

    def channel(self, request: Request) -> Response:
        name = request.params["name"]
        channel = self.messages.channel_id(name)
        if channel is None:
            return missing(f"channel #{name}", SECTION)
        messages = self.messages.in_channel(channel)[-200:]
        tops = [m for m in messages if m.get("thread_ts", m["ts"]) == m["ts"]]
        return page(
            "#" + self.messages.channel_name(channel),
            [self._article(m) for m in tops] or el("p", "Nothing yet."),
            el("h2", "Write"),
            reply_form("/slack/write", _PEOPLE, channel=channel),
            section=SECTION,
        )

    def thread(self, request: Request) -> Response:
        message = self.messages.at(f"/archives/{request.params['channel']}/{request.params['ts']}")
        if message is None:
            return missing("such message", SECTION)
        top = str(message.get("thread_ts", message["ts"]))
        name = self.messages.channel_name(message["channel"])
        return page(
            f"Thread in #{name}",
            el("p", "in ", link(f"/slack/{name}", "#" + name)),
            [self._article(m, chosen=m["ts"] == message["ts"]) for m in self.messages.thread(message["channel"], top)],
            el("h2", "Answer"),
            reply_form("/slack/write", _PEOPLE, id=f"{message['channel']}/{message['ts']}"),
            button("/slack/react", f"React with :{EMOJI}:", id=f"{message['channel']}/{message['ts']}"),
            button(
                "/control/delete", "Delete this message", platform="slack", id=f"{message['channel']}/{message['ts']}"
            ),
            section=SECTION,
        )

    def _article(self, message: Doc, *, chosen: bool = False) -> Markup:
        answers = len(self.messages.thread(message["channel"], message["ts"])) - 1
        details = [f"{answers} answers"] * (answers > 0) + ["edited"] * ("edited" in message)
        details += [f":{name}: {len(by)}" for name, by in message.get("reactions", {}).items()]
        return el(
            "article",
            by(
                el("strong", self.messages.name(message["user"])),
                link(self.slack.permalink(message), when(message["at"])),
                el("span", ", ".join(details)) if details else None,
            ),
            el("p", "This message was deleted." if message.get("gone") else message["text"], class_="text"),
            [el("p", text, class_="text quiet") for text in _texts(message.get("blocks"))],
            [self._choice(message, each) for _block, each in interactions.elements(message)],
            id=f"message-{message['ts']}",
            class_=("chosen " if chosen else "") + ("ours" if message["desk"] else ""),
        )

    def write(self, request: Request) -> Response:
        form = request.form()
        more, text = {"channel": form.get("channel", "")}, form.get("text", "")
        kind = "question" if "?" in text else ""
        act = Act("slack", "post", form.get("as", ""), text, parent=form.get("id", ""), kind=kind, more=more)
        return self.slack.acted(act)

    def react(self, request: Request) -> Response:
        parent = request.form().get("id", "")
        return self.slack.acted(Act("slack", "react", COLLEAGUES[0].key, EMOJI, parent=parent))

    def click(self, request: Request) -> Response:
        """With the chosen member's key in `chosen`, for a menu."""
        form = request.form()
        more = {"chosen": form.get("chosen", "")}
        return self.slack.acted(
            Act("slack", "click", form.get("as", ""), form.get("action", ""), parent=form.get("id", ""), more=more)
        )

    def _choice(self, message: Doc, element: Doc) -> Markup:
        """A button or menu of the desk's message, clicked as somebody. One with a URL is only a link."""
        label = str((element.get("text") or element.get("placeholder") or {}).get("text", ""))
        if "url" in element:
            return el("p", link(element["url"], label))
        key = f"{message['channel']}/{message['ts']}"
        hidden = {"id": key, "action": element["action_id"]}
        menu = choice("chosen", label, _PEOPLE) if element["type"] == "users_select" else None
        return el(
            "form",
            [el("input", type="hidden", name=name, value=value) for name, value in hidden.items()],
            choice("as", "As", _PEOPLE),
            menu,
            el("button", label, type="submit"),
            method="post",
            action="/slack/click",
            class_="reply",
        )


def _texts(blocks: object) -> list[str]:
    """The texts inside Block Kit blocks, in order."""
    if isinstance(blocks, dict):
        text = blocks.get("text")
        own = [text] if isinstance(text, str) else []
        return own + [t for value in blocks.values() if not isinstance(value, str) for t in _texts(value)]
    if isinstance(blocks, list):
        return [t for block in blocks for t in _texts(block)]
    return []
