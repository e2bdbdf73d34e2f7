"""Replies as one advocate: posts a comment, finds it, deletes it.

https://www.reddit.com/dev/api/#POST_api_comment, #POST_api_del, #GET_user_{username}_{where}, #GET_api_v1_me. No
voting: votes must be cast by people (https://www.reddit.com/dev/api/#POST_api_vote).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from channels.adapters.reddit import client, wire
from channels.adapters.reddit.parsing import web_base
from channels.clocks import desk_now
from channels.contract import Author, Config, Json, Outgoing, Receipt
from channels.errors import AuthFailed, ChannelError, Malformed, RateLimited, Rejected, Transient, Uncertain
from channels.http.api_client import PERSON
from channels.toolkit.sending import CLOCK_SLACK, confirmed, require_length
from channels.toolkit.text import flattened
from channels.toolkit.values import list_of, moment_of, object_of, value_at

MAX_LENGTH = 10_000
"""Of a comment, in characters; longer ones are rejected as TOO_LONG."""
OWN_PAGES = 10
_BREAK = re.compile(r"(\d+)\s*(millisecond|second|minute|hour)", re.IGNORECASE)
_UNIT_S = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0}
MAX_BREAK_S = 3600.0
# Codes from https://github.com/reddit-archive/reddit/blob/master/r2/r2/lib/errors.py, with messages for people.
_REFUSED = {
    "THREAD_LOCKED": "Moderators locked this thread; nobody can reply there",
    "DELETED_COMMENT": "The comment was deleted in the meantime",
    "DELETED_LINK": "The post was deleted in the meantime",
    "TOO_OLD": "The post is archived; nobody can reply there",
    "TOO_LONG": "The reply is too long for Reddit",
    "NO_TEXT": "The reply is empty",
    "NO_THING_ID": "There is no such post or comment",
    "SUBREDDIT_NOTALLOWED": "You may not post in this subreddit",
    "BANNED_FROM_SUBREDDIT": "You are banned from this subreddit",
    "USER_BLOCKED": "The author has blocked your account",
    "USER_BLOCKED_MESSAGE": "The author has blocked your account",
    "SUBREDDIT_OUTBOUND_LINKING_DISALLOWED": "The subreddit does not allow links",
}
_NO_RIGHT = ("USER_REQUIRED", "WRONG_PASSWORD", "INVALID_SCOPE", "VERIFIED_USER_REQUIRED", "BAD_CAPTCHA")
_UNKNOWN = ("SOMETHING_IS_BROKEN",)


def send(config: Config, outgoing: Outgoing) -> Receipt:
    """Posts a comment under the parent. Reddit reports most rejections in a body with status 200."""
    require_length(len(outgoing.text), MAX_LENGTH, "Reddit")
    parent = _parent(outgoing)
    form = {"api_type": "json", "thing_id": parent, "text": outgoing.text}
    body = client.post(config, "api/comment", form=form).body
    if (refused := refusal(body, desk_now())) is not None:
        raise refused
    return confirmed(_receipt(config, _first_thing(body)), "Reddit")


def _parent(outgoing: Outgoing) -> str:
    parent = wire.fullname(outgoing.in_reply_to, wire.COMMENT) or wire.fullname(outgoing.thread_id, wire.POST)
    if parent is None:
        raise Rejected("On Reddit a reply must answer a post or a comment.")
    return parent


def refusal(body: Json, now: datetime) -> ChannelError | None:
    """The error in an answer with status 200; None if there is none."""
    errors = wire.errors_of(body)
    if not errors:
        return None
    code, sentence = errors[0]
    said = f"Reddit says: {sentence.rstrip('.')}." if sentence else f"Reddit answers {code}."
    if code == "RATELIMIT":
        wait_s = break_s(body, sentence)
        return RateLimited(f"Reddit rate limit reached. {said}", now + timedelta(seconds=wait_s), wait_s)
    if code in _NO_RIGHT:
        return AuthFailed(f"Your Reddit account may not reply. {said}")
    if code in _UNKNOWN:
        return Uncertain(f"{said} The desk cannot tell whether the reply was accepted.")
    return Rejected(f"{_REFUSED[code]}. {said}" if code in _REFUSED else f"{said} ({code})")


def break_s(body: Json, sentence: str) -> float:
    """Seconds to wait: a field next to the errors, or only in the message (*Take a break for 9 minutes*)."""
    seconds = value_at(body, "json", "ratelimit")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        return min(float(seconds), MAX_BREAK_S)
    found = _BREAK.search(sentence)
    # The message rounds down, so add one unit.
    return min((int(found[1]) + 1) * _UNIT_S[found[2].lower()], MAX_BREAK_S) if found else 600.0


def _first_thing(body: Json) -> Mapping[str, Any]:
    first = next(iter(list_of(value_at(body, "json", "data", "things"))), None)
    return object_of(object_of(first).get("data"))


def _receipt(config: Config, thing: Mapping[str, Any]) -> Receipt | None:
    name = wire.fullname(thing.get("name"), wire.COMMENT) or wire.fullname(thing.get("id"), wire.COMMENT)
    if name is None:
        return None
    path = thing.get("permalink")
    url = f"{web_base(config)}{path}" if isinstance(path, str) and path.startswith("/") else None
    return Receipt(name, url, moment_of(thing.get("created_utc")))


def current_account(config: Config) -> Author:
    """The account the personal refresh token belongs to."""
    name = _my_name(config)
    return Author(name, handle=name, url=f"{web_base(config)}/user/{name}/")


def _my_name(config: Config) -> str:
    name = object_of(client.get(config, "api/v1/me", speaker=PERSON).body).get("name")
    if not isinstance(name, str) or not name:
        raise Malformed("Reddit does not say which account this is.")
    return name


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The comment with this text under this parent among the person's own, newest first. Raises Uncertain if they can't
    be read back to `since`: then it isn't proved absent."""
    parent, wanted = _parent(outgoing), flattened(outgoing.text)
    floor = since - CLOCK_SLACK
    path = f"user/{_my_name(config)}/comments"
    params: dict[str, str | int] = {"limit": 100, "sort": "new"}
    for _ in range(OWN_PAGES):
        body = client.get(config, path, params, speaker=PERSON).body
        if not isinstance(body, dict) or body.get("kind") != "Listing":
            raise Transient("Reddit returned no listing. The desk retries automatically.")
        things = [child["data"] for child in wire.children_of(body) if isinstance(child.get("data"), dict)]
        for thing in things:
            if thing.get("parent_id") == parent and flattened(str(thing.get("body", ""))) == wanted:
                return _receipt(config, thing)
        after = body["data"].get("after")
        if not after or (things and all((moment_of(thing.get("created_utc")) or floor) < floor for thing in things)):
            return None
        params["after"] = str(after)
    raise Uncertain("The account has commented too much since then to check for the reply.")


def delete(config: Config, external_id: str) -> None:
    """Delete one of the person's own comments; already deleted counts as success. Reddit answers the same if it did
    nothing, so we verify: only the author can delete a comment."""
    name = wire.fullname(external_id, wire.COMMENT)
    if name is None:
        raise Rejected(f"{external_id!r} is not on Reddit.")
    children = wire.children_of(client.get(config, "api/info", {"id": name}, speaker=PERSON).body)
    thing = children[0].get("data") if children else None
    author = object_of(thing).get("author")
    if author is None or author == "[deleted]":
        return
    mine = _my_name(config)
    if str(author).lower() != mine.lower():
        raise Rejected(f"The comment is by u/{author}, and you are u/{mine}. Only its author can delete it.")
    client.post(config, "api/del", form={"id": name})
