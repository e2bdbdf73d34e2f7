"""Reddit: the API under /reddit/api, tokens under /reddit/auth, public pages under /reddit/web."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.base.universe import Universe
from sandbox.platforms.reddit import api, gate, pages
from sandbox.platforms.reddit.things import OWN, PRIVATE, QUARANTINED, SUBREDDITS, Things, called
from sandbox.store import Doc
from sandbox.talk import MAX_TURNS, Talk, names_us
from sandbox.wire.http import Response, Router, html_response

_ELSEWHERE = ("devops", "programming", "selfhosted", "opensource")
_CLOSED = (QUARANTINED, PRIVATE)


class Reddit(Talk):
    name = "reddit"
    title = "Reddit"
    home = "/reddit/web/"
    refusals = {
        "400": gate.error(400, "Bad Request"),
        "404": gate.error(404, "Not Found"),
        "429": gate.error(429, "Too Many Requests"),
        "500": html_response("<h1>Our CDN was unable to reach our servers</h1>", 503),
        "expired": gate.error(401, "Unauthorized"),
    }
    weight = 2
    own = (gate.DESK,)

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.things = Things(universe.store, lambda: f"{universe.public_url}/reddit/web")

    def register(self, router: Router) -> None:
        server = api.Api(self)
        server.register(router)
        router.add("POST", "/reddit/auth/api/v1/access_token", server.refusing(server.token), platform=self.name)
        pages.Pages(self).register(router)

    # --- acts -------------------------------------------------------------------------------------------------

    def find(self, ref: str) -> Doc | None:
        return self.things.get(ref)

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.things.save({**doc, "text": text, "edited": float(int(at))})

    def removed(self, doc: Doc, at: float) -> Doc:
        return self.things.save({**doc, "gone": "deleted"})

    def made(self, doc: Doc) -> Made:
        return Made(doc["name"], f"{self.universe.public_url}/reddit/web{self.things.path(doc)}")

    def posted(self, act: Act, at: float) -> Doc:
        """`more["to"]` is a subreddit; `title` makes a post, `url` a link post; a `locked` one takes no replies."""
        at = float(int(at))
        if act.parent:
            return self.things.comment(self.existing(act.parent), act.author, act.text, at=at, kind=act.kind)
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
        if len(mine) < MAX_TURNS:
            self.react(Act(self.name, "post", parent["author"], parent["text"], kind=parent["kind"]), made["name"])
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

    def documents(self) -> list[Doc]:
        return self.things.all()

    def place(self, doc: Doc) -> tuple[str, str]:
        place, reason = super().place(doc)
        is_closed = place != "ours" and not doc["gone"] and doc["sub"] in _CLOSED
        return ("optional", "closed") if is_closed else (place, reason)

    def is_mention(self, doc: Doc) -> bool:
        """Everything by others in our subreddit, posts anywhere that name us, comments that mention the desk's account.
        No search finds comments elsewhere that name us: they only come in with a thread."""
        if doc["sub"] == OWN or (doc["parent"] and gate.DESK in called(doc["text"])):
            return True
        return not doc["parent"] and names_us(doc.get("title", ""), doc["text"], doc.get("url", ""))

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": doc["name"],
            "author": doc["author"],
            "text": doc["text"],
            "title": doc.get("title"),
            "at": doc["at"],
            "thread_id": doc["link"],
            "in_reply_to": doc["parent"] or None,
            "subreddit": doc["sub"],
            "deleted": bool(doc["gone"]),
            "kind": doc["kind"],
        }

    def refusal(self, kind: str) -> Response:
        response = super().refusal(kind)
        if kind == "429":
            response.headers |= {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "2", "Retry-After": "2"}
        return response


PLATFORM = Reddit
