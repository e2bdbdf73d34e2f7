"""Acts as the connection's account: posts, replies, deletes, favourites, and finds its own posts.

https://docs.joinmastodon.org/methods/statuses/#create, #delete, #favourite; …/methods/accounts/#statuses. Length: a
link counts 23, a remote account's handle without its host: https://docs.joinmastodon.org/user/posting/#text
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from channels.adapters.mastodon import client, wire
from channels.adapters.mastodon.parsing import is_own, spoken
from channels.contract import Config, Json, Outgoing, Receipt
from channels.errors import RETRIED, NotFound, Rejected, Transient, Uncertain
from channels.http.api_client import segment
from channels.toolkit.graphemes import grapheme_count
from channels.toolkit.sending import CLOCK_SLACK, confirmed
from channels.toolkit.text import html_to_text, text_links
from channels.toolkit.values import objects_in, time_of, value_at, web_address_of

MAX_LENGTH = 500
"""Mastodon's default; an instance rejects posts over its own limit itself."""
LINK_LENGTH = 23
PER_PAGE = 40
OWN_PAGES = 10
_REMOTE = re.compile(r"(?<![\w/])(@[\w.-]*\w)@[\w.-]+\.\w+")


def reply_length(text: str) -> int:
    """As counted by Mastodon."""
    links = sorted(text_links(text), key=len, reverse=True)
    for link in links:
        text = text.replace(link, "x" * LINK_LENGTH)
    return grapheme_count(_REMOTE.sub(r"\1", text))


def send(config: Config, outgoing: Outgoing) -> Receipt:
    """A repeat with the same key within an hour returns the first post:
    https://docs.joinmastodon.org/methods/statuses/#create"""
    payload: dict[str, Any] = {"status": outgoing.text, "visibility": "public"}
    if outgoing.in_reply_to:
        payload |= _answering(config, outgoing.in_reply_to, outgoing.text)
    answer = client.post(config, "api/v1/statuses", payload, headers={"Idempotency-Key": outgoing.key})
    return confirmed(_receipt(answer.body), "Mastodon", "post")


def _answering(config: Config, number: str, text: str) -> dict[str, Any]:
    """Same visibility and language as the parent, and its author is mentioned, as they wouldn't be notified
    otherwise."""
    try:
        parent = client.get(config, f"api/v1/statuses/{segment(number)}", for_reply=True).body
    except NotFound:
        raise Rejected("The post you are answering no longer exists.") from None
    if not isinstance(parent, dict) or not isinstance(parent.get("account"), dict):
        raise Transient("Mastodon did not return the post you are answering. The desk retries automatically.")
    acct = str(parent["account"].get("acct") or "")
    is_named = re.search(rf"(?<![\w@])@{re.escape(acct)}(?![\w@])", text, re.IGNORECASE)
    if acct and not is_named and not is_own(parent, config):
        text = f"@{acct} {text}"
    visibility = parent.get("visibility")
    payload: dict[str, Any] = {"status": text, "in_reply_to_id": number}
    payload["visibility"] = visibility if isinstance(visibility, str) else "public"
    if isinstance(parent.get("language"), str) and parent["language"]:
        payload["language"] = parent["language"]
    return payload


def _receipt(status: Json) -> Receipt | None:
    number = wire.identity(value_at(status, "id"))
    if number is None:
        return None
    return Receipt(number, web_address_of(status.get("url")), time_of(status.get("created_at")))


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The account's post with this text under this parent, newest first. Raises Uncertain if the posts can't be read
    back to `since`: then it isn't proved absent."""
    wanted, floor = spoken(outgoing.text), since - CLOCK_SLACK
    path = f"api/v1/accounts/{segment(_my_id(config))}/statuses"
    params: dict[str, str | int] = {"limit": PER_PAGE, "exclude_reblogs": "true"}
    for _ in range(OWN_PAGES):
        unclear = Transient(f"Mastodon returned no list of posts. {RETRIED}")
        statuses = objects_in(client.get(config, path, params, for_reply=True).body, unclear)
        for status in statuses:
            if _is_it(status, outgoing.in_reply_to, wanted):
                return _receipt(status)
        last = wire.identity(statuses[-1].get("id")) if statuses else None
        # A pinned post may come first out of order, but never last.
        ended_at = time_of(statuses[-1].get("created_at")) if statuses else None
        if last is None or (ended_at is not None and ended_at < floor):
            return None
        params["max_id"] = last
    raise Uncertain("The account has posted too much since then to check for the reply.")


def _is_it(status: Mapping[str, Any], parent: str | None, wanted: str) -> bool:
    content = status.get("content")
    if wire.identity(status.get("in_reply_to_id")) != parent or not isinstance(content, str):
        return False
    return spoken(html_to_text(content)) == wanted


def _my_id(config: Config) -> str:
    me = client.get(config, "api/v1/accounts/verify_credentials", for_reply=True).body
    number = wire.identity(value_at(me, "id"))
    if number is None:
        raise Transient("Mastodon does not say which account this is. The desk retries automatically.")
    return number


def delete(config: Config, external_id: str) -> None:
    """Already deleted counts as success."""
    with suppress(NotFound):
        client.remove(config, f"api/v1/statuses/{segment(external_id)}")


def like(config: Config, external_id: str) -> None:
    body = client.post(config, f"api/v1/statuses/{segment(external_id)}/favourite", {}).body
    if not isinstance(body, dict):
        raise Uncertain("Mastodon did not confirm the favourite.")
