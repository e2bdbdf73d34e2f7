"""Reddit: the API under /reddit/api, tokens under /reddit/auth, public pages under /reddit/web."""

from __future__ import annotations

import random
import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.universe import Universe
from sandbox.platforms.reddit import gate, pages
from sandbox.platforms.reddit.api import Api
from sandbox.platforms.reddit.things import OWN, PRIVATE, QUARANTINED, SUBREDDITS, Things, called
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router
from sandbox.world import PHRASES

_PHRASE = re.compile(rf"\b(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)
_ELSEWHERE = ("devops", "programming", "selfhosted", "opensource")
_CLOSED = (QUARANTINED, PRIVATE)
MAX_TURNS = 3


class Reddit(Talk):
    name = "reddit"
    title = "Reddit"
    home = "/reddit/web/"
    weight = 2

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.things = Things(universe.store, lambda: f"{universe.public_url}/reddit/web")

    def register(self, router: Router) -> None:
        window = self.universe.quotas.window(gate.WINDOW_S)
        guard = gate.Gate(self.store, self.universe.now, lambda: {gate.DESK, *self.team()}, window)
        Api(self, guard).register(router)
        pages.Pages(self).register(router)

    # --- what happens -----------------------------------------------------------------------------------------

    def perform(self, act: Act) -> Made:
        """`more["to"]` is a subreddit; `title` makes a post, `url` a link post; a `locked` one takes no replies."""
        if act.verb in ("edit", "delete"):
            thing = self._existing(act.parent)
            changes: Doc = {"gone": "deleted"}
            if act.verb == "edit":
                changes = {"text": act.text, "edited": float(int(act.at or self.universe.now()))}
            thing = self.things.save({**thing, **changes})
        elif act.verb == "post":
            thing = self._posted(act)
        else:
            raise Impossible(f"nobody does {act.verb} on Reddit")
        return Made(thing["name"], f"{self.universe.public_url}/reddit/web{self.things.path(thing)}")

    def _existing(self, name: str) -> Doc:
        thing = self.things.get(name)
        if thing is None or thing["gone"]:
            raise Impossible(f"there is nothing called {name}")
        return thing

    def _posted(self, act: Act) -> Doc:
        at = float(int(act.at or self.universe.now()))
        if act.parent:
            return self.things.comment(self._existing(act.parent), act.author, act.text, at=at, kind=act.kind)
        chance = random.Random(f"{act.author} {act.text}")
        sub = str(act.more.get("to") or (OWN if chance.random() < 0.4 else chance.choice(_ELSEWHERE)))
        sub = sub.lower().removeprefix("r/")
        if sub not in SUBREDDITS:
            raise Impossible(f"there is no r/{sub}")
        title = str(act.more.get("title") or act.text.split("\n")[0][:90] or "…")
        more = {"url": str(act.more.get("url", "")), "locked": bool(act.more.get("locked", False))}
        return self.things.submit(sub, act.author, title, act.text, at=at, kind=act.kind, **more)

    def posted_by_desk(self, parent: Doc, account: str, text: str) -> Doc:
        """A comment created through the API; the person replied to may react."""
        at = float(int(self.universe.now()))
        made = self.things.comment(parent, account, text, at=at, desk=True)
        mine = [t for t in self.things.under(parent["link"]) if t["author"] == parent["author"]]
        is_customer = parent["author"].lower() not in self.team() and parent["author"] != gate.DESK
        if self.universe.reactions and is_customer and len(mine) < MAX_TURNS and self.universe.random.random() < 0.7:
            asked = Act("reddit", "post", parent["author"], parent["text"], kind=parent["kind"] or "question")
            act = self.follow_up(self.universe.random, asked, parent=made["name"], key="")
            self.universe.later(act, self.universe.random.uniform(4, 25))
        return made

    def access(self) -> Access:
        base = f"{self.universe.public_url}/reddit"
        return Access(
            {
                "client_id": gate.CLIENT_ID,
                "user_agent": f"web:mention-desk:v1.0 (by /u/{gate.DESK})",
                "subreddits": [OWN],
                "phrases": ["Acme"],
                "mentions": True,
                "api_base": f"{base}/api",
                "auth_base": f"{base}/auth",
                "web_base": f"{base}/web",
            },
            {"client_secret": gate.CLIENT_SECRET, "refresh_token": gate.refresh_token(gate.DESK)},
            personal={
                member.key: {"refresh_token": gate.refresh_token(account)} for account, member in self.team().items()
            },
        )

    # --- truth ------------------------------------------------------------------------------------------------

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions: everything others say in our subreddit, posts anywhere that name us, comments that mention the
        desk's account. No search finds comments elsewhere that name us: they only come in with a thread."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for thing in self.things.all():
            place, reason = self._place(thing)
            told[place].append(self._entry(thing) | ({"reason": reason} if reason else {}))
            if thing["desk"]:
                told["desk"].append(self._entry(thing))
        return told

    def _place(self, thing: Doc) -> tuple[str, str]:
        if thing["author"].lower() in (*self.team(), gate.DESK):
            return "ours", ""
        if thing["gone"]:
            return "optional", "deleted"
        if thing["sub"] in _CLOSED:
            return "optional", "closed"
        said = f"{thing.get('title', '')} {thing['text']} {thing.get('url', '')}"
        if thing["sub"] == OWN or (thing["parent"] and gate.DESK in called(thing["text"])):
            return "mentions", ""
        if not thing["parent"] and _PHRASE.search(said):
            return "mentions", ""
        return "optional", "context"

    def _entry(self, thing: Doc) -> dict[str, Any]:
        return {
            "id": thing["name"],
            "author": thing["author"],
            "text": thing["text"],
            "title": thing.get("title"),
            "at": thing["at"],
            "thread_id": thing["link"],
            "in_reply_to": thing["parent"] or None,
            "subreddit": thing["sub"],
            "deleted": bool(thing["gone"]),
            "kind": thing["kind"],
        }

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            response = gate.error(429, "Too Many Requests")
            response.headers |= {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "2", "Retry-After": "2"}
            return response
        if kind == "expired":
            return gate.error(401, "Unauthorized")
        return Response(b"<html><body><h1>Our CDN was unable to reach our servers</h1></body></html>", 503, "text/html")


PLATFORM = Reddit
