"""The Web API's methods: https://docs.slack.dev/reference/methods. Form or JSON bodies, `ok` answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.base.acts import Impossible
from sandbox.base.api import ResourceServer, Routes, View
from sandbox.platforms.slack.messages import PEOPLE
from sandbox.store import Doc
from sandbox.wire.http import BadBody, Refused, Request, Response, json_response
from sandbox.wire.lists import number
from sandbox.world import MAILBOX_USER, SLACK_BOT, SLACK_GROUPS, SLACK_TEAM, SLACK_TOKEN

if TYPE_CHECKING:
    from sandbox.platforms.slack import Slack

MAX_TEXT = 40_000
WRITES = frozenset(
    {"chat.postMessage", "chat.update", "chat.delete", "reactions.add", "conversations.join", "conversations.open"}
)
Fields = dict[str, Any]


def error(name: str) -> Response:
    return json_response({"ok": False, "error": name})


def refused(name: str) -> Refused:
    """`name`: Slack's error code."""
    return Refused(error(name))


def fields_of(request: Request) -> Fields:
    try:
        return {**request.query, **request.form()} if request.method == "POST" else request.query
    except BadBody:
        raise refused("invalid_json") from None


class Api(ResourceServer):
    site: Slack
    base = "/slack/api/"

    def __init__(self, site: Slack) -> None:
        super().__init__(site)
        self.messages = site.messages

    def routes(self) -> Routes:
        methods = {
            "auth.test": self.auth_test,
            "chat.postMessage": self.post_message,
            "chat.update": self.update,
            "chat.delete": self.delete,
            "chat.getPermalink": self.get_permalink,
            "users.lookupByEmail": self.lookup_by_email,
            "users.info": self.user_info,
            "users.list": self.users,
            "usergroups.list": self.groups,
            "conversations.list": self.channels,
            "conversations.info": self.channel_info,
            "conversations.open": self.open,
            "conversations.join": self.channel_info,
            "conversations.history": self.history,
            "conversations.replies": self.replies,
            "reactions.add": self.react,
            "reactions.get": self.reactions,
        }

        def called(name: str) -> View:
            return lambda request: methods[name](fields_of(request))

        return [(verb, name, called(name)) for name in methods for verb in ("GET", "POST")]

    def is_write(self, method: str, path: str) -> bool:
        return path in WRITES

    def caller(self, request: Request) -> str:
        token = request.bearer or fields_of(request).get("token")
        if token != SLACK_TOKEN:
            raise refused("invalid_auth" if token else "not_authed")
        return SLACK_BOT

    def answer(self, request: Request, body: Any) -> Response:
        return json_response({"ok": True, **body})

    # --- chat -------------------------------------------------------------------------------------------------

    def _channel(self, fields: Fields) -> str:
        channel = self.messages.channel_id(str(fields.get("channel", "")))
        if channel is None:
            raise refused("channel_not_found")
        return channel

    def _message(self, fields: Fields, name: str = "ts") -> Doc:
        message = self.messages.get(self._channel(fields), str(fields.get(name, "")))
        if message is None:
            raise refused("message_not_found")
        return message

    def post_message(self, fields: Fields) -> Fields:
        channel, text = self._channel(fields), str(fields.get("text") or "")
        rich = {name: _decoded(fields[name]) for name in ("blocks", "attachments", "metadata") if fields.get(name)}
        if not text and not rich:
            raise refused("no_text")
        if len(text) > MAX_TEXT:
            raise refused("msg_too_long")
        thread = str(fields.get("thread_ts") or "")
        if thread and self.messages.get(channel, thread) is None:
            raise refused("thread_not_found")
        with self.messages.store.transaction():
            message = self.messages.post(
                channel, SLACK_BOT, text, at=self.now(), thread_ts=thread or None, desk=True, **rich
            )
            self.site.posted_by_desk(message)
        return {"channel": channel, "ts": message["ts"], "message": self.messages.wire(message)}

    def update(self, fields: Fields) -> Fields:
        message = self._message(fields)
        if message["user"] != SLACK_BOT:
            raise refused("cant_update_message")
        # Omitted fields stay as they were, an empty list clears them:
        # https://docs.slack.dev/reference/methods/chat.update
        rich = {name: _decoded(fields[name]) for name in ("blocks", "attachments", "metadata") if name in fields}
        message = self.site.edit(message, str(fields.get("text", message["text"])), at=self.now(), **rich)
        return {
            "channel": message["channel"],
            "ts": message["ts"],
            "text": message["text"],
            "message": self.messages.wire(message),
        }

    def delete(self, fields: Fields) -> Fields:
        message = self._message(fields)
        if message["user"] != SLACK_BOT:
            raise refused("cant_delete_message")
        self.site.delete(message, at=self.now())
        return {"channel": message["channel"], "ts": message["ts"]}

    def get_permalink(self, fields: Fields) -> Fields:
        message = self._message(fields, "message_ts")
        return {"channel": message["channel"], "permalink": self.site.permalink(message)}

    def react(self, fields: Fields) -> Fields:
        message, name = self._message(fields, "timestamp"), str(fields.get("name", "")).strip(":")
        if not name:
            raise refused("no_reaction")
        try:
            self.site.react(message, name, SLACK_BOT, at=self.now())
        except Impossible as wrong:
            raise refused(str(wrong)) from wrong
        return {}

    def reactions(self, fields: Fields) -> Fields:
        message = self._message(fields, "timestamp")
        return {"type": "message", "channel": message["channel"], "message": self.messages.wire(message)}

    # --- people and channels ----------------------------------------------------------------------------------

    def auth_test(self, fields: Fields) -> Fields:
        return {
            "url": f"{self.site.universe.public_url}/slack/",
            "team": "Acme",
            "user": "mention_desk",
            "team_id": SLACK_TEAM,
            "user_id": SLACK_BOT,
            "bot_id": "B0DESK",
        }

    def lookup_by_email(self, fields: Fields) -> Fields:
        wanted = str(fields.get("email", "")).lower()
        for person in PEOPLE:
            if person.email == wanted and wanted != MAILBOX_USER:
                return {"user": self.messages.user(person)}
        raise refused("users_not_found")

    def user_info(self, fields: Fields) -> Fields:
        person = self.messages.person(str(fields.get("user", "")))
        if person is None:
            raise refused("user_not_found")
        return {"user": self.messages.user(person)}

    def users(self, fields: Fields) -> Fields:
        return {"members": [self.messages.user(p) for p in PEOPLE], "response_metadata": {"next_cursor": ""}}

    def groups(self, fields: Fields) -> Fields:
        """https://docs.slack.dev/reference/methods/usergroups.list"""
        about = {"team_id": SLACK_TEAM, "is_usergroup": True, "date_delete": 0}
        return {"usergroups": [{"id": pk, "handle": name, "name": name, **about} for name, pk in SLACK_GROUPS.items()]}

    def channels(self, fields: Fields) -> Fields:
        """Paged by `cursor` and `limit`, as in any workspace with more than a few channels."""
        size = _limit(fields, 1000)
        cursor = str(fields.get("cursor") or "0")
        if not cursor.isdecimal():
            raise refused("invalid_cursor")
        start = int(cursor)
        channels = [self._described(name) for name in self.messages.channels()]
        after = str(start + size) if start + size < len(channels) else ""
        return {"channels": channels[start : start + size], "response_metadata": {"next_cursor": after}}

    def channel_info(self, fields: Fields) -> Fields:
        return {"channel": self._described(self.messages.channel_name(self._channel(fields)))}

    def open(self, fields: Fields) -> Fields:
        """Direct messages with one member."""
        users = str(fields.get("users", ""))
        if self.messages.person(users) is None:
            raise refused("user_not_found")
        return {"channel": {"id": self.messages.channel_id(users)}}

    def _described(self, name: str) -> Fields:
        known = self.messages.channels()
        if name not in known:
            return {"id": name, "is_im": True, "user": f"U{name[1:]}"}
        return {
            "id": known[name],
            "name": name,
            "name_normalized": name,
            "is_channel": True,
            "is_private": False,
            "is_archived": False,
            "is_member": True,
            "num_members": len(PEOPLE),
            "topic": {"value": "", "creator": "", "last_set": 0},
        }

    def history(self, fields: Fields) -> Fields:
        """Newest first, without thread replies; `oldest` and `latest` are exclusive unless `inclusive`; `cursor` is a
        ts to continue below."""
        found = [m for m in self.messages.in_channel(self._channel(fields)) if m.get("thread_ts", m["ts"]) == m["ts"]]
        below = str(fields.get("cursor") or "9")
        return self._paged([m for m in reversed(_between(found, fields)) if m["ts"] < below], fields)

    def replies(self, fields: Fields) -> Fields:
        """Oldest first; the message that started the thread always comes first."""
        channel, ts = self._channel(fields), str(fields.get("ts", ""))
        found = self.messages.thread(channel, ts)
        if not found:
            raise refused("thread_not_found")
        after = str(fields.get("cursor") or "")
        found = [*(m for m in found if m["ts"] == ts), *_between([m for m in found if m["ts"] != ts], fields)]
        return self._paged([m for m in found if m["ts"] > after], fields)

    def _paged(self, found: list[Doc], fields: Fields) -> Fields:
        size = _limit(fields, 999)
        more, metadata = len(found) > size, str(fields.get("include_all_metadata", "")).lower() in ("1", "true")
        shown = [self.messages.wire(m, metadata=metadata) for m in found[:size]]
        made: Fields = {"messages": shown, "has_more": more}
        return made | ({"response_metadata": {"next_cursor": found[size - 1]["ts"]}} if more else {})


def _limit(fields: Fields, most: int) -> int:
    try:
        return number(fields.get("limit"), 100, most=most)
    except ValueError:
        raise refused("invalid_limit") from None


def _between(found: list[Doc], fields: Fields) -> list[Doc]:
    oldest, latest = str(fields.get("oldest") or "0"), str(fields.get("latest") or "9")
    if str(fields.get("inclusive", "")).lower() in ("1", "true"):
        return [m for m in found if oldest <= m["ts"] <= latest]
    return [m for m in found if oldest < m["ts"] < latest]


def _decoded(value: Any) -> Any:
    """A list or object, also if sent as JSON in a form."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as wrong:
        raise refused("invalid_blocks") from wrong
