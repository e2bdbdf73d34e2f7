"""Facebook: the Graph API under /facebook, webhooks, and the page and its inbox under /facebook/web."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Timed
from sandbox.base.universe import Universe
from sandbox.pages.elements import Markup, by, el, link, missing, page, reply_form, when
from sandbox.platforms.facebook.api import Api, error
from sandbox.platforms.facebook.wire import APP_SECRET, PAGE, PAGE_NAME, TOKEN, VERIFY_TOKEN, Wire
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Request, Response, Router

SECTION = "Facebook"
KINDS = ("fb_post", "fb_comment", "fb_message")
NEWS = (
    "Version 13 is out: faster pipelines, calmer review. What do you like best?",
    "Our yearly survey is open. It takes ten minutes and decides what we build next.",
    "Meet us at the conference next month: three talks, one workshop.",
)


class Facebook(Talk):
    name = "facebook"
    title = SECTION
    home = "/facebook/web/"
    refusals = {
        "400": error(100, "(#100) The parameters are not valid JSON"),
        "404": error(2500, "Unknown path components"),
        "429": error(4, "(#4) Application request limit reached", 403),
        "500": error(2, "An unexpected error has occurred. Please retry your request later.", 500),
        "expired": error(
            190, "Error validating access token: Session has expired on Monday, 02-Nov-26 05:00:00 PST.", 401, sub=463
        ),
    }

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.wire = Wire(self)

    def register(self, router: Router) -> None:
        router.add("GET", "/facebook/web/", self.front)
        router.add("GET", "/facebook/web/{page}/posts/{post}/", self.page_of_post)
        router.add("GET", "/facebook/web/{page}/inbox/{person}/", self.page_of_talk)
        Api(self).register(router)

    # --- acts -------------------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """`to`: comment, message or visitor (a post on the page)."""
        return super().opening(random_, key, kind=kind, author=author,
                               to=to or random_.choice(("comment", "comment", "message", "visitor")))  # fmt: skip

    def find(self, ref: str) -> Doc | None:
        return next((doc for kind in KINDS if (doc := self.store.get(kind, ref))), None)

    def posted(self, act: Act, at: float) -> Doc:
        """The team writes as the page."""
        return self._answer(act, at) if act.parent else self._begin(act, at)

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self._changed(doc, at, "edited", text=text)

    def removed(self, doc: Doc, at: float) -> Doc:
        return self._changed(doc, at, "remove", deleted=True)

    def _changed(self, doc: Doc, at: float, verb: str, **changes: Any) -> Doc:
        doc = {**doc, **changes, "updated": at}
        kind = "fb_message" if "person" in doc else "fb_comment" if "post" in doc else "fb_post"
        self.store.put(kind, doc["id"], doc)
        if kind == "fb_comment":
            self._touch(doc["post"], at)
        if kind != "fb_message":
            self.wire.call_feed(doc, verb)
        return doc

    def url(self, doc: Doc) -> str:
        return self.wire.url(doc)

    def _begin(self, act: Act, at: float) -> Doc:
        to = str(act.more.get("to") or "comment")
        if to == "message":
            return self.add_message(self.wire.person_id(act.author), act.author, act.text, at)
        if to == "visitor":
            return self._new_post(act.author, act.text, at, by_page=False)
        if to != "comment":
            raise Impossible(f"nobody writes to {to} here; comment, message or visitor")
        return self.add_comment(self._news(at), act.author, act.text, at)

    def _news(self, at: float) -> Doc:
        """A page post to comment on."""
        known = self.wire.living("fb_post", by_page=True)
        if not known:
            known = [self._new_post(PAGE_NAME, text, at - 3600 - n, by_page=True) for n, text in enumerate(NEWS)]
        return self.universe.random.choice(known)

    def _new_post(self, author: str, text: str, at: float, *, by_page: bool) -> Doc:
        number = f"{PAGE}_{self.store.next_number('fb_number', 424924701699000)}"
        post = {"id": number, "author": author, "text": text, "at": at, "updated": at, "by_page": by_page,
                "by_desk": False, "deleted": False, "liked": False}  # fmt: skip
        self.store.put("fb_post", number, post)
        self.wire.call_feed(post, "add")
        return post

    def _answer(self, act: Act, at: float) -> Doc:
        above = self.existing(act.parent)
        by_page = act.by_team or act.author.lower() in self.team()
        if "person" in above:
            author = above["author"] if by_page else act.author
            return self.add_message(above["person"], author, act.text, at, by_page=by_page)
        return self.add_comment(above, PAGE_NAME if by_page else act.author, act.text, at, by_page=by_page)

    def add_comment(self, above: Doc, author: str, text: str, at: float, **more: Any) -> Doc:
        """Two levels only: a reply to a reply becomes its sibling."""
        post = above.get("post") or above["id"]
        number = f"{post.partition('_')[2]}_{self.store.next_number('fb_number', 424924701699000)}"
        parent = (above["parent"] or above["id"]) if "post" in above else ""
        comment = {"id": number, "post": post, "parent": parent, "author": author, "text": text, "at": at,
                   "updated": at, "hidden": False, "deleted": False, "liked": False, "by_page": False,
                   "by_desk": False, **more}  # fmt: skip
        self.store.put("fb_comment", number, comment)
        self._touch(post, at)
        self.wire.call_feed(comment, "add")
        return comment

    def _touch(self, post: str, at: float) -> None:
        known = self.store.get("fb_post", post)
        if known is not None:
            self.store.put("fb_post", post, {**known, "updated": max(at, known["updated"])})

    def add_message(self, person: str, author: str, text: str, at: float, **more: Any) -> Doc:
        """`author`: the customer, whichever side writes."""
        number = f"m_sandbox{self.store.next_number('fb_message', 1000)}"
        message = {"id": number, "person": person, "author": author, "text": text, "at": at, "updated": at,
                   "deleted": False, "by_page": False, "by_desk": False, **more}  # fmt: skip
        self.store.put("fb_message", number, message)
        self.wire.call_message(message)
        return message

    def access(self) -> Access:
        base = f"{self.universe.public_url}/facebook"
        settings = {"page_id": PAGE, "app_id": "", "api_base": base, "web_base": f"{base}/web"}
        secrets = {"page_token": TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
        return Access(settings, secrets, {PAGE: ({}, {})})

    def documents(self) -> list[Doc]:
        docs = [d for kind in KINDS for d in self.store.all(kind).values()]
        return sorted(docs, key=lambda d: d["at"])

    def place(self, doc: Doc) -> tuple[str, str]:
        """The page's own posts aren't mentions."""
        if doc["by_desk"] or doc["by_page"]:
            return "desk" if doc["by_desk"] else "ours", ""
        return ("optional", "deleted") if doc["deleted"] else ("mentions", "")

    def entry(self, doc: Doc) -> dict[str, Any]:
        kind = "message" if "person" in doc else "comment" if "post" in doc else "post"
        return {
            "id": doc["id"], "author": doc["author"], "text": doc["text"], "at": doc["at"], "kind": kind,
            "deleted": doc["deleted"], "liked": doc.get("liked", False),
            "in_reply_to": doc.get("parent") or doc.get("post") or doc.get("person"),
        }  # fmt: skip

    # --- pages ------------------------------------------------------------------------------------------------

    def front(self, request: Request) -> Response:
        posts = [el("li", link(self.url(p), p["text"][:100]), self._by(p)) for p in self.wire.living("fb_post")[:40]]
        talks = [el("li", link(f"/facebook/web{t['link']}", self._name(t["person"]))) for t in self.wire.talks()[:40]]
        return page(PAGE_NAME, el("ul", posts), el("h2", "Inbox"), el("ul", talks), section=SECTION)

    def _name(self, person: str) -> str:
        return str((self.store.get("fb_name", person) or {"name": person})["name"])

    def page_of_post(self, request: Request) -> Response:
        post = self.store.get("fb_post", f"{PAGE}_{request.params['post']}")
        if post is None or post["deleted"]:
            return missing("such post", SECTION)
        comments = self.wire.living("fb_comment", post=post["id"])[::-1]
        firsts = [c for c in comments if not c["parent"]]
        ordered = [c for first in firsts for c in (first, *[r for r in comments if r["parent"] == first["id"]])]
        shown = [self._shown(doc) for doc in (post, *ordered)]
        return page("Post", shown, self._form(post["id"]), section=SECTION)

    def page_of_talk(self, request: Request) -> Response:
        messages = self.wire.living("fb_message", person=request.params["person"])[::-1]
        if not messages:
            return missing("such conversation", SECTION)
        name = f"Private: {messages[0]['author']}"
        return page(name, [self._shown(m) for m in messages], self._form(messages[-1]["id"]), section=SECTION)

    def _form(self, parent: str) -> Markup:
        return reply_form("/control/answer", self.people(), platform=self.name, id=parent)

    def _by(self, doc: Doc) -> Markup:
        return by(PAGE_NAME if doc["by_page"] else doc["author"], when(doc["at"]))

    def _shown(self, doc: Doc) -> Markup:
        return el("article", self._by(doc), el("p", doc["text"], class_="text"), id=doc["id"])


PLATFORM = Facebook
