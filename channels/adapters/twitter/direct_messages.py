"""Reads and sends direct messages as the handle they belong to; the app alone isn't allowed to.

Reading: https://docs.x.com/x-api/direct-messages/lookup/integrate (`GET /2/dm_events`: newest first, 30 days back, 15
requests per 15 minutes and account; `GET /2/dm_conversations/with/:participant_id/dm_events`). Sending:
https://docs.x.com/x-api/direct-messages/manage/integrate (`POST /2/dm_conversations/with/:participant_id/messages`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from channels.adapters.twitter import client, wire
from channels.adapters.twitter.accounts import DIRECT, direct_handles, given_id, web_base
from channels.adapters.twitter.direct_parsing import thread_of
from channels.adapters.twitter.times import snowflake_at, snowflake_time
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Outgoing, Receipt
from channels.errors import Rejected, Uncertain
from channels.toolkit.list_sources import ListSource, Read
from channels.toolkit.sending import require_length
from channels.toolkit.values import object_of, objects_of, value_at

FIELDS: dict[str, str | int] = {
    "dm_event.fields": "created_at,dm_conversation_id,event_type,id,sender_id,text",
    "event_types": "MessageCreate",
    "expansions": "sender_id",
    "user.fields": "id,name,username",
    "max_results": 100,
}
MAX_LENGTH = 10_000
EVERY_S = 65
"""15 requests are allowed in 15 minutes: one a minute, while the rest of the connection keeps its own pace."""
PAGES_A_POLL = 5
OWN_PAGES = 3
BACKFILL_S = 14 * 86_400


def sources(config: Config) -> list[ListSource]:
    return [ListSource(f"{DIRECT}{handle}", partial(_read, config, handle)) for handle in direct_handles(config)]


def _read(config: Config, handle: str, mark: Json) -> Iterator[Read]:
    """`mark`: {"newest": id, "at": epoch seconds of the last request}."""
    known = object_of(mark)
    now_s = desk_now().timestamp()
    if now_s - float(known.get("at") or 0) < EVERY_S:
        return
    floor = int(known.get("newest") or snowflake_at(now_s - BACKFILL_S))
    newest, token = floor, None
    for left in reversed(range(PAGES_A_POLL)):
        body = client.get(config, "dm_events", _params(token), speaker=handle).body
        found = [entry for entry in _events(body) if int(entry["id"]) > floor]
        newest = max([newest, *(int(entry["id"]) for entry in found)])
        token = wire.next_token(body) if found else None
        done = token is None or not left
        yield Read(_items(found, body, handle), {"newest": str(newest), "at": now_s} if done else mark)
        if done:
            return


def _params(token: str | None) -> dict[str, str | int]:
    return {**FIELDS, "pagination_token": token} if token else dict(FIELDS)


def _events(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in objects_of(body.get("data")) if wire.identity(entry, "id")]


def _items(events: list[dict[str, Any]], body: Mapping[str, Any], handle: str) -> list[Item]:
    known = {str(user.get("id")): user for user in objects_of(value_at(body, "includes", "users"))}
    return [
        Item(f"{DIRECT}{e['id']}", {"dm": e, "user": known.get(str(e.get("sender_id"))), "handle": handle})
        for e in events
    ]


def send_message(config: Config, handle: str, outgoing: Outgoing) -> Receipt:
    """Raises Rejected, with what to do, if the person takes no direct messages from us."""
    require_length(len(outgoing.text), MAX_LENGTH, "Twitter", "message")
    person = recipient(outgoing)
    path = f"dm_conversations/with/{person}/messages"
    body = client.post(config, path, {"text": outgoing.text}, speaker=handle).body
    number = wire.identity(object_of(value_at(body, "data")), "dm_event_id")
    if number is None:
        raise Uncertain("Twitter accepted the message but returned no ID. The desk cannot tell whether it was sent.")
    return receipt(config, handle, person, number)


def recipient(outgoing: Outgoing) -> str:
    person = outgoing.recipients[0] if outgoing.recipients else ""
    if not person.isdigit():
        raise Rejected("This direct message has no recipient.")
    return person


def receipt(config: Config, handle: str, person: str, number: str) -> Receipt:
    talk = thread_of(config, handle, person).removeprefix(DIRECT)
    return Receipt(f"{DIRECT}{number}", f"{web_base(config)}/messages/{talk}", snowflake_time(number))


def sent_since(config: Config, handle: str, person: str, since: datetime) -> Iterator[tuple[str, str]]:
    """(id, text) of the handle's messages to this person, newest first. Raises Uncertain if there is too much."""
    path, token = f"dm_conversations/with/{person}/dm_events", None
    floor, own = snowflake_at(since.timestamp()), given_id(config, handle)
    for _ in range(OWN_PAGES):
        body = client.get(config, path, _params(token), speaker=handle, for_reply=True).body
        for entry in _events(body):
            if int(entry["id"]) < floor:
                return
            if own is None or str(entry.get("sender_id")) == own:
                yield str(entry["id"]), str(entry.get("text") or "")
        token = wire.next_token(body)
        if token is None:
            return
    raise Uncertain("There are too many direct messages to check for the reply.")
