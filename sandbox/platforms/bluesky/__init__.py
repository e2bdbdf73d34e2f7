"""Bluesky: the PDS of the desk's account under /bluesky, public pages under /bluesky/web."""

from __future__ import annotations

import random
import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made, Timed
from sandbox.base.universe import Universe
from sandbox.platforms.bluesky import api, gate, pages
from sandbox.platforms.bluesky.posts import DESK, POST, Posts, did_of, facets_of, handle_of, iso, seen
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router
from sandbox.world import PHRASES, Member

_PHRASE = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, PHRASES))})(?!\w)", re.IGNORECASE)
MAX_TURNS = 3


class Bluesky(Talk):
    name = "bluesky"
    title = pages.SECTION
    home = f"{pages.WEB}/"
    weight = 2

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.posts = Posts(universe.store)

    def register(self, router: Router) -> None:
        window = self.universe.quotas.window(gate.WINDOW_S)
        api.Api(self, gate.Gate(self.store, self.universe.now, window)).register(router)
        pages.Pages(self).register(router)

    def account(self, member: Member) -> str | None:
        return handle_of(member.key)

    # --- what happens -----------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """Some posts name us."""
        ((_, act),) = super().opening(random_, key, kind=kind, to=to, author=author)
        if random_.random() < 0.35:
            act.text = f"@{DESK} {act.text}"
        return [(0.0, act)]

    def perform(self, act: Act) -> Made:
        """`more` may have `alt` (of a picture), `url` with `title` (a link card), `quote` (a post's URI), `created`
        (the client's time, epoch seconds) and `lang`."""
        if act.verb == "edit":
            raise Impossible("nobody edits on Bluesky")
        at = act.at or self.universe.now()
        if act.verb == "post":
            post = self.posts.keep(handle_of(act.author), self._record(act, at), at=at, kind=act.kind)
        else:
            post = self._existing(act.parent)
            changed = {"gone": True} if act.verb == "delete" else {"reposts": post["reposts"] + 1}
            post = self.posts.save({**post, **changed})
        return Made(post["uri"], self.url(post))

    def url(self, post: Doc) -> str:
        key = post["uri"].rpartition("/")[2]
        return f"{self.universe.public_url}{pages.WEB}/profile/{self.posts.handle(post['did'])}/post/{key}"

    def _existing(self, uri: str) -> Doc:
        post = self.posts.get(uri)
        if post is None or post["gone"]:
            raise Impossible(f"there is no post {uri}")
        return post

    def _record(self, act: Act, at: float) -> Doc:
        record: Doc = {"$type": POST, "text": act.text, "langs": [str(act.more.get("lang") or "en")]}
        record["createdAt"] = iso(float(act.more.get("created") or at))
        if act.parent:
            parent = self._existing(act.parent)
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
            quoted = self._existing(str(act.more["quote"]))
            return {"$type": "app.bsky.embed.record", "record": {"uri": quoted["uri"], "cid": quoted["cid"]}}
        return None

    def posted_by_desk(self, record: Doc) -> Doc:
        """A record created through the API; the person replied to may react."""
        made = self.posts.keep(DESK, record, at=self.universe.now(), desk=True)
        parent = self.posts.parent(made)
        if parent is None or not self.universe.reactions or self._is_ours(parent):
            return made
        said = [p for p in self.posts.all() if p["did"] == parent["did"] and _root(p) == _root(parent)]
        if len(said) < MAX_TURNS and self.universe.random.random() < 0.7:
            handle = self.posts.handle(parent["did"])
            asked = Act("bluesky", "post", handle, parent["record"]["text"], kind=parent["kind"] or "question")
            act = self.follow_up(self.universe.random, asked, parent=made["uri"], key="")
            self.universe.later(act, self.universe.random.uniform(4, 25))
        return made

    def access(self) -> Access:
        base = f"{self.universe.public_url}/bluesky"
        return Access(
            {"handle": DESK, "phrases": ["Acme"], "api_base": base, "web_base": f"{base}/web"},
            {"app_password": gate.APP_PASSWORD},
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def _is_ours(self, post: Doc) -> bool:
        return self.posts.handle(post["did"]) in (*self.team(), DESK)

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions: posts that name us, mention our account, or reply to or quote it."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        noted = self.posts.noted()
        for post in self.posts.all():
            if post["desk"]:
                told["desk"].append(self._entry(post))
            place, reason = self._place(post, noted)
            told[place].append(self._entry(post) | ({"reason": reason} if reason else {}))
        return told

    def _place(self, post: Doc, noted: set[str]) -> tuple[str, str]:
        if self._is_ours(post):
            return "ours", ""
        if post["gone"]:
            return "optional", "deleted"
        is_named = _PHRASE.search(seen(post["record"])) is not None
        return ("mentions", "") if is_named or post["uri"] in noted else ("optional", "context")

    def _entry(self, post: Doc) -> dict[str, Any]:
        record = post["record"]
        return {
            "id": post["uri"], "author": self.posts.handle(post["did"]), "text": seen(record), "at": post["at"],
            "thread_id": _root(post), "in_reply_to": record.get("reply", {}).get("parent", {}).get("uri"),
            "deleted": post["gone"], "liked": did_of(DESK) in post["likes"], "kind": post["kind"],
        }  # fmt: skip

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            response = gate.error(429, "RateLimitExceeded", "Rate Limit Exceeded")
            ends = str(int(self.universe.now()) + 2)
            response.headers |= {"ratelimit-limit": str(gate.LIMIT), "ratelimit-remaining": "0",
                                 "ratelimit-reset": ends, "Retry-After": "2"}  # fmt: skip
            return response
        if kind == "expired":
            return gate.error(400, "ExpiredToken", "Token has expired")
        return gate.error(502, "UpstreamFailure", "pipethrough network error")


def _root(post: Doc) -> str:
    return str(post["record"].get("reply", {}).get("root", {}).get("uri") or post["uri"])


PLATFORM = Bluesky
