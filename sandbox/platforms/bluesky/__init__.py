"""Bluesky: the PDS of the desk's account under /bluesky, public pages under /bluesky/web."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made, Timed
from sandbox.base.universe import Universe
from sandbox.platforms.bluesky import api, gate, pages
from sandbox.platforms.bluesky.posts import DESK, POST, Posts, did_of, facets_of, handle_of, seen
from sandbox.store import Doc
from sandbox.talk import MAX_TURNS, Talk, names_us
from sandbox.wire.http import Response
from sandbox.wire.texts import iso
from sandbox.world import Member


class Bluesky(Talk):
    name = "bluesky"
    title = pages.SECTION
    home = f"{pages.WEB}/"
    servers = (api.Api, pages.Pages)
    refusals = {
        "400": gate.error(400, "InvalidRequest", "Unable to parse the request body"),
        "404": gate.error(501, "MethodNotImplemented", "Method Not Implemented"),
        "429": gate.error(429, "RateLimitExceeded", "Rate Limit Exceeded"),
        "500": gate.error(502, "UpstreamFailure", "pipethrough network error"),
        "expired": gate.error(400, "ExpiredToken", "Token has expired"),
    }
    weight = 2
    own = (DESK,)
    post_kind = "bs_post"

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.posts = Posts(universe.store)

    def account(self, member: Member) -> str | None:
        return handle_of(member.key)

    # --- acts -------------------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """Some posts name us."""
        ((_, act),) = super().opening(random_, key, kind=kind, to=to, author=author)
        if random_.random() < 0.35:
            act.text = f"@{DESK} {act.text}"
        return [(0.0, act)]

    def perform(self, act: Act) -> Made:
        if act.verb == "edit":
            raise Impossible("nobody edits on Bluesky")
        if act.verb == "retweet":
            post = self.existing(act.parent)
            return self.made(self.save({**post, "reposts": post["reposts"] + 1}))
        return super().perform(act)

    def posted(self, act: Act, at: float) -> Doc:
        """`more` may have `alt` (of a picture), `url` with `title` (a link card), `quote` (a post's URI), `created`
        (the client's time, epoch seconds) and `lang`."""
        return self.posts.keep(handle_of(act.author), self._record(act, at), at=at, kind=act.kind)

    def save(self, doc: Doc) -> Doc:
        return self.posts.save(doc)

    def made(self, doc: Doc) -> Made:
        return Made(doc["uri"], self.url(doc))

    def url(self, doc: Doc) -> str:
        key = doc["uri"].rpartition("/")[2]
        return f"{self.universe.public_url}{pages.WEB}/profile/{self.posts.handle(doc['did'])}/post/{key}"

    def _record(self, act: Act, at: float) -> Doc:
        record: Doc = {"$type": POST, "text": act.text, "langs": [str(act.more.get("lang") or "en")]}
        record["createdAt"] = iso(float(act.more.get("created") or at))
        if act.parent:
            parent = self.existing(act.parent)
            answered = {"uri": parent["uri"], "cid": parent["cid"]}
            record["reply"] = {"root": parent["record"].get("reply", {}).get("root", answered), "parent": answered}
        if facets := facets_of(act.text):
            record["facets"] = facets
        if embed := self._embed(act):
            record["embed"] = embed
        return record

    def _embed(self, act: Act) -> Doc | None:
        if "alt" in act.more:
            blob = {"$type": "blob", "ref": {"$link": "bafkreisandbox"}, "mimeType": "image/png", "size": 1000}
            return {"$type": "app.bsky.embed.images", "images": [{"alt": str(act.more["alt"]), "image": blob}]}
        if "url" in act.more:
            card = {"uri": str(act.more["url"]), "title": str(act.more.get("title", "")), "description": ""}
            return {"$type": "app.bsky.embed.external", "external": card}
        if "quote" in act.more:
            quoted = self.existing(str(act.more["quote"]))
            return {"$type": "app.bsky.embed.record", "record": {"uri": quoted["uri"], "cid": quoted["cid"]}}
        return None

    def posted_by_desk(self, record: Doc) -> Doc:
        """A record created through the API; the person replied to may react."""
        made = self.posts.keep(DESK, record, at=self.universe.now(), desk=True)
        parent = self.posts.parent(made)
        if parent is not None:
            said = [p for p in self.posts.all() if p["did"] == parent["did"] and _root(p) == _root(parent)]
            if len(said) < MAX_TURNS:
                handle = self.posts.handle(parent["did"])
                self.react(Act(self.name, "post", handle, parent["record"]["text"], kind=parent["kind"]), made["uri"])
        return made

    def access(self) -> Access:
        base = f"{self.universe.public_url}/bluesky"
        return Access(
            {"handle": DESK, "phrases": ["Acme"], "api_base": base, "web_base": f"{base}/web"},
            {"app_password": gate.APP_PASSWORD},
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def documents(self) -> list[Doc]:
        return self.posts.all()

    def place(self, doc: Doc) -> tuple[str, str]:
        return super().place({**doc, "author": self.posts.handle(doc["did"])})

    def is_mention(self, doc: Doc) -> bool:
        """Posts that name us, mention our account, or reply to or quote it."""
        return names_us(seen(doc["record"])) or bool(self.posts.reason(doc))

    def entry(self, doc: Doc) -> dict[str, Any]:
        record = doc["record"]
        return {
            "id": doc["uri"], "author": self.posts.handle(doc["did"]), "text": seen(record), "at": doc["at"],
            "thread_id": _root(doc), "in_reply_to": record.get("reply", {}).get("parent", {}).get("uri"),
            "deleted": doc["gone"], "liked": did_of(DESK) in doc["likes"], "likes": len(doc["likes"]),
            "kind": doc["kind"],
        }  # fmt: skip

    def refusal(self, kind: str) -> Response:
        response = super().refusal(kind)
        if kind == "429":
            ends = str(int(self.universe.now()) + 2)
            response.headers |= {"ratelimit-limit": str(gate.LIMIT), "ratelimit-remaining": "0",
                                 "ratelimit-reset": ends, "Retry-After": "2"}  # fmt: skip
        return response


def _root(post: Doc) -> str:
    return str(post["record"].get("reply", {}).get("root", {}).get("uri") or post["uri"])


PLATFORM = Bluesky
