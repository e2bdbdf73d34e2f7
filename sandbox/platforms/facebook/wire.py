"""Facebook's wire format: Graph API posts, comments and conversations, and signed webhook calls.

https://developers.facebook.com/docs/graph-api/reference/page/feed/ · …/reference/comment/ · …/reference/conversation/ ·
https://developers.facebook.com/docs/graph-api/webhooks/reference/page/
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import json_response

PAGE, PAGE_NAME = "340000000000001", "Acme"
TOKEN = "EAAsandboxPageTokenOfAcmeThatOpensNothing"  # noqa: S105
APP_SECRET = "0sandbox0app0secret0of0acme00000"  # noqa: S105
VERIFY_TOKEN = "sandbox-facebook-verify"  # noqa: S105
PROOF = hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


class Wire:
    def __init__(self, site: Talk) -> None:
        self.site, self.store = site, site.store

    def person_id(self, name: str) -> str:
        """Scoped to the page: https://developers.facebook.com/docs/messenger-platform/identity/"""
        known = self.store.get("fb_person", name)
        if known is None:
            known = {"id": str(self.store.next_number("fb_person", 2711636948859000)), "name": name}
            self.store.put("fb_person", name, known)
            self.store.put("fb_name", known["id"], known)
        return str(known["id"])

    def who(self, doc: Doc) -> Doc:
        if doc["by_page"]:
            return {"name": PAGE_NAME, "id": PAGE}
        return {"name": doc["author"], "id": self.person_id(doc["author"])}

    def living(self, kind: str, **wanted: Any) -> list[Doc]:
        """Documents of one kind that match and aren't deleted, newest first."""
        docs = [d for d in self.store.all(kind).values() if not d["deleted"]]
        docs = [d for d in docs if all(d[name] == value for name, value in wanted.items())]
        return sorted(docs, key=lambda d: d["at"], reverse=True)

    def post(self, post: Doc) -> Doc:
        return {
            "id": post["id"], "message": post["text"], "created_time": iso(post["at"]), "from": self.who(post),
            "updated_time": iso(post["updated"]), "permalink_url": self.url(post), "is_hidden": False,
        }  # fmt: skip

    def comment(self, comment: Doc) -> Doc:
        made: Doc = {
            "id": comment["id"], "message": comment["text"], "created_time": iso(comment["at"]),
            "from": self.who(comment), "permalink_url": self.url(comment), "is_hidden": comment["hidden"],
            "like_count": int(comment["liked"]), "comment_count": len(self.living("fb_comment", parent=comment["id"])),
        }  # fmt: skip
        if comment["parent"]:
            made["parent"] = {"id": comment["parent"]}
        return made

    def message(self, message: Doc) -> Doc:
        page, person = {"name": PAGE_NAME, "id": PAGE}, {"name": message["author"], "id": message["person"]}
        sender, recipient = (page, person) if message["by_page"] else (person, page)
        return {
            "id": message["id"], "created_time": iso(message["at"]), "message": message["text"],
            "from": {**sender, "email": f"{sender['id']}@facebook.com"}, "to": {"data": [recipient]},
        }  # fmt: skip

    def talks(self) -> list[Doc]:
        """Conversations, latest message first."""
        latest: dict[str, Doc] = {}
        for message in self.living("fb_message"):
            latest.setdefault(message["person"], message)
        return [
            {"id": f"t_{person}", "link": f"/{PAGE}/inbox/{person}/", "updated_time": iso(m["at"]), "person": person}
            for person, m in latest.items()
        ]

    def url(self, doc: Doc) -> str:
        base = f"{self.site.universe.public_url}/facebook/web/{PAGE}"
        if "person" in doc:
            return f"{base}/inbox/{doc['person']}/"
        if "post" not in doc:
            return f"{base}/posts/{doc['id'].partition('_')[2]}/"
        post, own = doc["post"].partition("_")[2], doc["id"].partition("_")[2]
        if not doc["parent"]:
            return f"{base}/posts/{post}/?comment_id={own}"
        return f"{base}/posts/{post}/?comment_id={doc['parent'].partition('_')[2]}&reply_comment_id={own}"

    # --- calls ------------------------------------------------------------------------------------------------

    def call(self, **entry: Any) -> None:
        body = json_response({"object": "page", "entry": [{"id": PAGE, **entry}]}).body

        def signed(secret: str) -> tuple[bytes, dict[str, str]]:
            signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            return body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}

        self.site.tell(signed)

    def call_feed(self, doc: Doc, verb: str) -> None:
        """Times in seconds; an edit has its own time."""
        now = int(self.site.universe.now())
        value: Doc = {"from": self.who(doc), "verb": verb, "created_time": now if verb == "edited" else int(doc["at"])}
        if verb != "remove":
            value["message"] = doc["text"]
        if "post" in doc:
            value |= {"item": "comment", "comment_id": doc["id"], "post_id": doc["post"]}
            value |= {"parent_id": doc["parent"] or doc["post"]}
        else:
            value |= {"item": "status", "post_id": doc["id"]}
        self.call(time=now, changes=[{"field": "feed", "value": value}])

    def call_message(self, message: Doc) -> None:
        """Times in milliseconds; messages by the page come back as echoes, reads as receipts."""
        now = int(self.site.universe.now() * 1000)
        ends = [{"id": message["person"]}, {"id": PAGE}]
        sender, recipient = reversed(ends) if message["by_page"] else ends
        body: Doc = {"mid": message["id"], "text": message["text"]} | ({"is_echo": True} if message["by_page"] else {})
        event = {"sender": sender, "recipient": recipient, "timestamp": int(message["at"] * 1000), "message": body}
        self.call(time=now, messaging=[event])
        if message["by_page"]:
            read = {"sender": ends[0], "recipient": ends[1], "timestamp": now, "read": {"watermark": now}}
            self.call(time=now, messaging=[read])
