"""Acts as the connection's account: posts, replies, deletes, likes, and finds its own posts.

https://docs.bsky.app/docs/advanced-guides/posts, …/post-richtext (links and handles only work where facets mark them,
in UTF-8 bytes), …/api/com-atproto-repo-create-record, …-delete-record, …-list-records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from channels.adapters.bluesky import client, wire
from channels.adapters.bluesky.parsing import web_url
from channels.clocks import desk_now
from channels.contract import Config, Json, Outgoing, Receipt
from channels.errors import RETRIED, Rejected, Transient, Uncertain
from channels.toolkit.changes import iso
from channels.toolkit.graphemes import grapheme_count
from channels.toolkit.sending import CLOCK_SLACK, require_length
from channels.toolkit.text import flattened, text_links
from channels.toolkit.values import object_of, objects_in, time_of, value_at

MAX_LENGTH = 300
"""Graphemes; the limit in bytes is ten times as high."""
LIKE = "app.bsky.feed.like"
OWN_PAGES = 10
_NAME = re.compile(r"(?<![\w@/.])@((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*)", re.IGNORECASE)
_TAG = re.compile(r"(?<![\w&/#])#(\w*[^\W\d_]\w*)")


def send(config: Config, outgoing: Outgoing) -> Receipt:
    require_length(grapheme_count(outgoing.text), MAX_LENGTH, "Bluesky")
    now = desk_now()
    record: dict[str, Any] = {"$type": wire.POST, "text": outgoing.text, "createdAt": iso(now, "milliseconds")}
    if outgoing.in_reply_to:
        record |= _answering(config, outgoing.in_reply_to)
    if facets := list(_facets(config, outgoing.text)):
        record["facets"] = facets
    made = _created(config, wire.POST, record)
    return Receipt(made, web_url(made, client.handle(config), config), now)


def _created(config: Config, collection: str, record: Mapping[str, Any]) -> str:
    payload = {"repo": client.repository(config), "collection": collection, "record": record}
    uri = object_of(client.post(config, "com.atproto.repo.createRecord", payload).body).get("uri")
    if not isinstance(uri, str) or not uri:
        raise Uncertain("Bluesky accepted it but returned no address. The desk cannot tell whether it was posted.")
    return uri


def _answering(config: Config, uri: str) -> dict[str, Any]:
    """References to the parent and the root of the conversation, each with its content hash (`cid`)."""
    post = _looked_up(config, uri)
    parent = {"uri": uri, "cid": post["cid"]}
    record = post.get("record")
    root = value_at(record, "reply", "root")
    is_known = isinstance(root, dict) and all(isinstance(root.get(key), str) for key in ("uri", "cid"))
    reply = {"root": {"uri": root["uri"], "cid": root["cid"]} if is_known and root else parent, "parent": parent}
    langs = object_of(record).get("langs")
    return {"reply": reply, **({"langs": langs[:3]} if isinstance(langs, list) and langs else {})}


def _looked_up(config: Config, uri: str) -> dict[str, Any]:
    body = client.get(config, "app.bsky.feed.getPosts", [("uris", uri)]).body
    unclear = Transient(f"Bluesky did not return the post you are answering. {RETRIED}")
    for post in objects_in(body.get("posts"), unclear):
        if post.get("uri") == uri and isinstance(post.get("cid"), str):
            return post
    raise Rejected("The post no longer exists, or its author has blocked the account.")


def _facets(config: Config, text: str) -> Iterator[dict[str, Any]]:
    at = 0
    for link in _links_in_order(text):
        at = text.find(link, at)
        yield _facet(text, at, at + len(link), {"$type": "app.bsky.richtext.facet#link", "uri": link})
        at += len(link)
    bare = re.sub(r"https?://\S+", lambda found: " " * len(found[0]), text)
    for name in _NAME.finditer(bare):
        if did := _resolved(config, name[1].lower()):
            yield _facet(text, *name.span(), {"$type": "app.bsky.richtext.facet#mention", "did": did})
    for tag in _TAG.finditer(bare):
        yield _facet(text, *tag.span(), {"$type": "app.bsky.richtext.facet#tag", "tag": tag[1]})


def _links_in_order(text: str) -> Iterator[str]:
    """Links in text order, repeats included."""
    for found in re.finditer(r"https?://\S+", text, re.IGNORECASE):
        yield from text_links(found[0])[:1]


def _facet(text: str, start: int, end: int, feature: Mapping[str, str]) -> dict[str, Any]:
    index = {"byteStart": len(text[:start].encode()), "byteEnd": len(text[:end].encode())}
    return {"index": index, "features": [dict(feature)]}


def _resolved(config: Config, name: str) -> str | None:
    """The account's DID; a handle nobody owns stays plain text."""
    try:
        did = client.get(config, "com.atproto.identity.resolveHandle", [("handle", name)]).body.get("did")
    except Rejected:
        return None
    return did if isinstance(did, str) else None


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The account's post with this text under this parent, newest first. Reads the repository rather than an index, so
    a missing post was never accepted. Raises Uncertain if the posts can't be read back to `since`."""
    wanted, floor = flattened(outgoing.text), since - CLOCK_SLACK
    pairs: list[tuple[str, str | int]] = [
        ("repo", client.repository(config)),
        ("collection", wire.POST),
        ("limit", 100),
    ]
    cursor: list[tuple[str, str | int]] = []
    for _ in range(OWN_PAGES):
        body = client.get(config, "com.atproto.repo.listRecords", [*pairs, *cursor]).body
        unclear = Transient(f"Bluesky returned no list of records. {RETRIED}")
        kept = [r for r in objects_in(body.get("records"), unclear) if isinstance(r.get("value"), dict)]
        for record in kept:
            if _is_it(record["value"], outgoing.in_reply_to, wanted):
                return _receipt(config, record)
        times = [at for at in (time_of(record["value"].get("createdAt")) for record in kept) if at]
        following = body.get("cursor")
        if not following or not kept or (times and max(times) < floor):
            return None
        cursor = [("cursor", str(following))]
    raise Uncertain("The account has posted too much since then to check for the reply.")


def _is_it(record: Mapping[str, Any], parent: str | None, wanted: str) -> bool:
    answered = value_at(record, "reply", "parent", "uri")
    return answered == parent and isinstance(record.get("text"), str) and flattened(record["text"]) == wanted


def _receipt(config: Config, record: Mapping[str, Any]) -> Receipt | None:
    uri: Json = record.get("uri")
    if not isinstance(uri, str):
        return None
    return Receipt(uri, web_url(uri, client.handle(config), config), time_of(record["value"].get("createdAt")))


def delete(config: Config, external_id: str) -> None:
    """Already deleted counts as success: https://docs.bsky.app/docs/api/com-atproto-repo-delete-record"""
    parts, own = wire.parts_of(external_id), client.repository(config)
    if parts is None:
        raise Rejected(f"{external_id!r} is not a Bluesky post.")
    if own.startswith("did:") and parts[0] != own:
        raise Rejected("The post is not by this connection's account. Only its author can delete it.")
    payload = {"repo": own, "collection": parts[1], "rkey": parts[2]}
    client.post(config, "com.atproto.repo.deleteRecord", payload)


def like(config: Config, external_id: str) -> None:
    """A second record would be a second like, so an existing one counts as success."""
    post = _looked_up(config, external_id)
    viewer = post.get("viewer")
    if isinstance(viewer, dict) and viewer.get("like"):
        return
    subject = {"uri": external_id, "cid": post["cid"]}
    _created(config, LIKE, {"$type": LIKE, "subject": subject, "createdAt": iso(desk_now(), "milliseconds")})
