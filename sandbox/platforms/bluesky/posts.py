"""Posts as stored by the network, and their wire format.

Shapes: https://docs.bsky.app/docs/advanced-guides/posts, …/api/app-bsky-feed-get-posts. Our documents have `uri`,
`cid`, `did`, `record` (as its author wrote it), `at` (when the network saw it), `gone`, `likes`, `reposts`, `kind`,
`desk`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sandbox.base.ordered import OrderedPosts
from sandbox.store import Doc
from sandbox.wire.texts import LINK, iso

DESK = "acme.example"
"""The handle of the desk's account."""
HOME = "bsky.example"
"""The domain of the accounts' handles."""
POST = "app.bsky.feed.post"
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
_CALL = re.compile(r"(?<![\w@/.])@((?:[a-z0-9][a-z0-9-]*\.)+[a-z][a-z0-9-]*)", re.IGNORECASE)


def handle_of(account: str) -> str:
    """The handle for a short name used elsewhere."""
    name = account.lstrip("@").lower()
    return name if "." in name else f"{re.sub(r'[^a-z0-9-]', '-', name).strip('-')}.{HOME}"


def did_of(handle: str) -> str:
    """Derived from the handle, so stable across runs. https://web.plc.directory/spec/v0.1/did-plc"""
    mark = int.from_bytes(hashlib.blake2b(handle.encode(), digest_size=15).digest(), "big")
    return "did:plc:" + "".join(_BASE32[mark >> 5 * place & 31] for place in range(24))


def tid(at: float, number: int) -> str:
    """Record keys contain the time: https://atproto.com/specs/tid"""
    value = (int(at * 1_000_000) << 10) + number % 1024
    return "".join(_BASE32[value >> 5 * place & 31] for place in range(12, -1, -1))


def called(record: Doc) -> list[str]:
    """DIDs mentioned in a record's facets."""
    features = [f for facet in record.get("facets", ()) for f in facet["features"]]
    return [f["did"] for f in features if f["$type"] == "app.bsky.richtext.facet#mention"]


def facets_of(text: str) -> list[Doc]:
    """The facets of a text, as a good client makes them, in UTF-8 bytes."""
    found = [(m.span(), {"$type": "app.bsky.richtext.facet#link", "uri": m[0]}) for m in LINK.finditer(text)]
    for m in _CALL.finditer(LINK.sub(lambda link: " " * len(link[0]), text)):
        found.append((m.span(), {"$type": "app.bsky.richtext.facet#mention", "did": did_of(m[1].lower())}))
    return [
        {"index": {"byteStart": len(text[:a].encode()), "byteEnd": len(text[:b].encode())}, "features": [feature]}
        for (a, b), feature in sorted(found, key=lambda entry: entry[0])
    ]


def seen(record: Doc) -> str:
    """All visible text: the post, image descriptions, the title of the link card."""
    embed = record.get("embed", {})
    notes = [f"[Image: {image['alt']}]" for image in embed.get("images", ()) if image["alt"]]
    notes += [f"[Link: {embed['external']['title']}]"] if "external" in embed else []
    return "\n\n".join([record["text"], *notes])


class Posts(OrderedPosts):
    kind = "bs_post"
    key = "uri"

    def order(self, doc: Doc) -> str:
        return iso(doc["at"]) + str(doc["uri"][-13:])

    def lists(self, doc: Doc) -> list[str]:
        return [doc["record"]["reply"]["parent"]["uri"]] if "reply" in doc["record"] else []

    def keep(self, handle: str, record: Doc, *, at: float, **more: Any) -> Doc:
        """Store a record; the people it addresses are notified."""
        did = did_of(handle)
        self.store.put("bs_account", did, {"did": did, "handle": handle})
        uri = f"at://{did}/{POST}/{tid(at, self.store.next_number('bs_post'))}"
        post = {"uri": uri, "cid": cid_of(record), "did": did, "record": record, "at": at, "gone": False, "likes": [],
                "reposts": 0, "kind": "", "desk": False, **more}  # fmt: skip
        self.save(post)
        if reason := self.reason(post):
            note = str(self.store.next_number("bs_note"))
            self.store.put("bs_note", note, {"uri": uri, "reason": reason, "at": at})
        return post

    def reason(self, post: Doc) -> str:
        """Why the desk's account is notified: reply, quote or mention; "" if it isn't."""
        own, record = did_of(DESK), post["record"]
        if post["did"] == own:
            return ""
        answered = record.get("reply", {}).get("parent", {}).get("uri", "")
        quoted = record.get("embed", {}).get("record", {}).get("uri", "")
        if answered.startswith(f"at://{own}/"):
            return "reply"
        if quoted.startswith(f"at://{own}/"):
            return "quote"
        return "mention" if own in called(record) else ""

    def notes(self) -> list[tuple[Doc, Doc]]:
        """Notifications with their subjects, newest first. One about a deleted post disappears with it."""
        found = ((note, self.get(note["uri"])) for note in reversed(list(self.store.all("bs_note").values())))
        return [(note, post) for note, post in found if post and not post["gone"]]

    def children(self, uri: str) -> list[Doc]:
        return [post for post in self.all(uri) if not post["gone"]]

    def parent(self, post: Doc) -> Doc | None:
        return self.get(post["record"].get("reply", {}).get("parent", {}).get("uri", ""))

    def handle(self, did: str) -> str:
        known = self.store.get("bs_account", did)
        return str(known["handle"]) if known else "handle.invalid"

    # --- wire format ------------------------------------------------------------------------------------------

    def author(self, did: str) -> Doc:
        handle = self.handle(did)
        return {
            "did": did, "handle": handle, "displayName": handle.partition(".")[0].replace("-", " ").title(),
            "avatar": f"https://cdn.bsky.example/img/avatar/plain/{did}@jpeg", "labels": [],
            "viewer": {"muted": False, "blockedBy": False}, "createdAt": "2024-02-01T00:00:00.000Z",
        }  # fmt: skip

    def shown(self, post: Doc) -> Doc:
        return {
            "uri": post["uri"], "cid": post["cid"], "author": self.author(post["did"]), "record": post["record"],
            "replyCount": len(self.children(post["uri"])), "repostCount": post["reposts"],
            "likeCount": len(post["likes"]), "quoteCount": 0, "indexedAt": iso(post["at"]), "labels": [],
            "viewer": {"threadMuted": False, "embeddingDisabled": False, **self._liked(post)},
        }  # fmt: skip

    def _liked(self, post: Doc) -> Doc:
        """Only the desk is logged in."""
        key = post["uri"].rpartition("/")[2]
        return {"like": f"at://{did_of(DESK)}/app.bsky.feed.like/{key}"} if did_of(DESK) in post["likes"] else {}


def cid_of(record: Doc) -> str:
    mark = int.from_bytes(hashlib.blake2b(repr(record).encode(), digest_size=32).digest(), "big")
    return "bafyrei" + "".join(_BASE32[mark >> 5 * place & 31] for place in range(52))
