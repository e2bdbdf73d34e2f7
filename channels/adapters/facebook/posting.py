"""Replies as the page: public replies to comments, private messages to people who wrote one. Never one instead of the
other.

Comments: https://developers.facebook.com/docs/graph-api/reference/object/comments/ · messages:
https://developers.facebook.com/docs/messenger-platform/reference/send-api/ (24 hours, or seven days by a human agent)
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from channels.adapters.facebook import client, fetching, wire
from channels.adapters.facebook.parsing import page_id, parse
from channels.adapters.facebook.wire import TALK
from channels.contract import Config, Json, Outgoing, Receipt
from channels.errors import NotFound, Rejected, Uncertain
from channels.toolkit.sending import CLOCK_SLACK, confirmed, require_length
from channels.toolkit.text import flattened
from channels.toolkit.values import moment_of, value_at

MAX_MESSAGE = 2000
MAX_COMMENT = 8000
OWN_PAGES = 20


def send(config: Config, outgoing: Outgoing) -> Receipt:
    """The thread decides between the two: private conversations have their own kind of thread."""
    person = _person(outgoing)
    number = _message(config, person, outgoing.text) if person else _comment(config, outgoing)
    return confirmed(Receipt(number) if number else None, "Facebook")


def _person(outgoing: Outgoing) -> str:
    """The page-scoped id of a private message's recipient; "" for a comment."""
    thread = outgoing.thread_id or ""
    return thread.removeprefix(TALK) if thread.startswith(TALK) else ""


def _message(config: Config, person: str, text: str) -> str:
    require_length(len(text), MAX_MESSAGE, "Facebook", "message")
    payload: dict[str, Json] = {"recipient": {"id": person}, "message": {"text": text}, "messaging_type": "RESPONSE"}
    if config.setting("human_agent") is True:
        payload |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    body = client.post(config, f"{client.page_of(config)}/messages", payload).body
    return wire.text(value_at(body, "message_id"))


def _comment(config: Config, outgoing: Outgoing) -> str:
    above = _above(outgoing)
    require_length(len(outgoing.text), MAX_COMMENT, "Facebook", "comment")
    body = client.post(config, f"{client.node(above)}/comments", {"message": outgoing.text}).body
    return wire.text(value_at(body, "id"))


def _above(outgoing: Outgoing) -> str:
    above = outgoing.in_reply_to or outgoing.thread_id or ""
    if not above or above.startswith((TALK, "m_", "mid.")):
        raise Rejected("A private message cannot be answered with a public comment. Reply in the page's inbox.")
    return above


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The page's comment or message with this text. Raises Uncertain if there is too much to read all of it."""
    floor = int((since - CLOCK_SLACK).timestamp() * 1000)
    if _person(outgoing):
        return _own_message(config, outgoing, floor)
    params: dict[str, str | int] = {
        "fields": "id,message,from,created_time",
        "order": "reverse_chronological",
        "filter": "stream",
        "limit": 100,
    }
    path = f"{client.node(_above(outgoing))}/comments"
    for _ in range(OWN_PAGES):
        entries, following = client.listed(client.get(config, path, params), "comments")
        for entry in entries:
            if _is_ours(config, entry, outgoing.text, floor):
                return _receipt(entry)
        if following is None or any((wire.millis(e.get("created_time")) or floor) < floor for e in entries):
            return None
        params |= following
    raise Uncertain("There are too many comments to check for the reply.")


def _is_ours(config: Config, entry: Mapping[str, Any], text: str, floor: int) -> bool:
    who = wire.text(value_at(entry, "from", "id"))
    is_new = (wire.millis(entry.get("created_time")) or floor) >= floor
    return is_new and who == page_id(config) and flattened(wire.text(entry.get("message"))) == flattened(text)


def _own_message(config: Config, outgoing: Outgoing, floor: int) -> Receipt | None:
    for item in fetching.talk_with(config, outgoing.thread_id or "", floor):
        mention = parse(item, config)
        if mention is None or not mention.is_own or flattened(mention.text) != flattened(outgoing.text):
            continue
        if mention.posted_at is None or mention.posted_at.timestamp() * 1000 >= floor:
            return Receipt(mention.external_id, None, mention.posted_at)
    return None


def _receipt(entry: Mapping[str, Any]) -> Receipt:
    return Receipt(wire.text(entry.get("id")), None, moment_of((wire.millis(entry.get("created_time")) or 0) / 1000))


def delete(config: Config, external_id: str) -> None:
    """Delete one of our comments; already deleted counts as success."""
    if external_id.startswith(("m_", "mid.")):
        raise Rejected("Facebook allows deleting a private message only in its own inbox.")
    with suppress(NotFound):
        _taken(client.remove(config, client.node(external_id)).body)


def like(config: Config, external_id: str) -> None:
    if external_id.startswith(("m_", "mid.")):
        raise Rejected("The desk cannot like private messages.")
    _taken(client.post(config, f"{client.node(external_id)}/likes", {}).body)


def _taken(body: Json) -> None:
    """`{"success": true}`, or a bare true in some versions."""
    said = body.get("success") if isinstance(body, dict) else body
    if said is False:
        raise Rejected("Facebook did not carry it out. Check it on Facebook.")
    if said is not True:
        raise Uncertain("Facebook accepted the request but did not confirm the result.")
