"""Facebook: the Graph API under /facebook, webhooks, and the page and its inbox under /facebook/web."""

from __future__ import annotations

import random
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made, Timed
from sandbox.pages.elements import Markup, el, link, missing, page, reply_form, when
from sandbox.platforms.facebook.api import Api
from sandbox.platforms.facebook.wire import APP_SECRET, PAGE, PAGE_NAME, TOKEN, VERIFY_TOKEN
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router

SECTION = "Facebook"
NEWS = (
    "Version 13 is out: faster pipelines, calmer review. What do you like best?",
    "Our yearly survey is open. It takes ten minutes and decides what we build next.",
    "Meet us at the conference next month: three talks, one workshop.",
)


class Facebook(Api):
    title = SECTION
    home = "/facebook/web/"

    def register(self, router: Router) -> None:
        router.add("GET", "/facebook/web/", self.front)
        router.add("GET", "/facebook/web/{page}/posts/{post}/", self.page_of_post)
        router.add("GET", "/facebook/web/{page}/inbox/{person}/", self.page_of_talk)
        super().register(router)

    # --- what happens -----------------------------------------------------------------------------------------

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """`to`: comment, message or visitor (a post on the page)."""
        return super().opening(random_, key, kind=kind, author=author,
                               to=to or random_.choice(("comment", "comment", "message", "visitor")))  # fmt: skip

    def perform(self, act: Act) -> Made:
        """The team writes as the page."""
        at = act.at or self.universe.now()
        if act.verb == "post":
            return self._made(self._answer(act, at) if act.parent else self._begin(act, at))
        kind, doc = self._of(act.parent)
        changed = {**doc, "updated": at}
        changed |= {"deleted": True} if act.verb == "delete" else {"text": act.text}
        self.store.put(kind, doc["id"], changed)
        if kind != "fb_message":
            if kind == "fb_comment":
                self._touch(doc["post"], at)
            self.call_feed(changed, "remove" if act.verb == "delete" else "edited")
        return self._made(changed)

    def _of(self, ref: str) -> tuple[str, Doc]:
        for kind in ("fb_comment", "fb_post", "fb_message"):
            doc = self.store.get(kind, ref)
            if doc is not None and not doc["deleted"]:
                return kind, doc
        raise Impossible(f"there is no {ref}")

    def _begin(self, act: Act, at: float) -> Doc:
        to = str(act.more.get("to") or "comment")
        if to == "message":
            return self.add_message(self.person_id(act.author), act.author, act.text, at)
        if to == "visitor":
            return self._new_post(act.author, act.text, at, by_page=False)
        if to != "comment":
            raise Impossible(f"nobody writes to {to} here; comment, message or visitor")
        return self.add_comment(self._news(at), act.author, act.text, at)

    def _news(self, at: float) -> Doc:
        """A page post to comment on."""
        known = self.living("fb_post", by_page=True)
        if not known:
            known = [self._new_post(PAGE_NAME, text, at - 3600 - n, by_page=True) for n, text in enumerate(NEWS)]
        return self.universe.random.choice(known)

    def _new_post(self, author: str, text: str, at: float, *, by_page: bool) -> Doc:
        number = f"{PAGE}_{self.store.next_number('fb_number', 424924701699000)}"
        post = {"id": number, "author": author, "text": text, "at": at, "updated": at, "by_page": by_page,
                "by_desk": False, "deleted": False, "liked": False}  # fmt: skip
        self.store.put("fb_post", number, post)
        self.call_feed(post, "add")
        return post

    def _answer(self, act: Act, at: float) -> Doc:
        kind, above = self._of(act.parent)
        by_page = act.by_team or act.author.lower() in self.team()
        if kind == "fb_message":
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
        self.call_feed(comment, "add")
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
        self.call_message(message)
        return message

    def _made(self, doc: Doc) -> Made:
        return Made(doc["id"], self.url(doc))

    def access(self) -> Access:
        base = f"{self.universe.public_url}/facebook"
        settings = {"page_id": PAGE, "app_id": "", "api_base": base, "web_base": f"{base}/web"}
        secrets = {"page_token": TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
        return Access(settings, secrets, {PAGE: ({}, {})})

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """The page's own posts aren't mentions."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        docs = [d for kind in ("fb_post", "fb_comment", "fb_message") for d in self.store.all(kind).values()]
        for doc in sorted(docs, key=lambda d: d["at"]):
            kind = "message" if "person" in doc else "comment" if "post" in doc else "post"
            entry = {
                "id": doc["id"], "author": doc["author"], "text": doc["text"], "at": doc["at"], "kind": kind,
                "deleted": doc["deleted"], "in_reply_to": doc.get("parent") or doc.get("post") or doc.get("person"),
            }  # fmt: skip
            if doc["by_desk"]:
                told["desk"].append(entry)
            elif doc["by_page"]:
                told["ours"].append(entry)
            elif doc["deleted"]:
                told["optional"].append({**entry, "reason": "deleted"})
            else:
                told["mentions"].append(entry)
        return told

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    # --- pages ------------------------------------------------------------------------------------------------

    def front(self, request: Request) -> Response:
        posts = [el("li", link(self.url(p), p["text"][:100]), self._by(p)) for p in self.living("fb_post")[:40]]
        talks = [el("li", link(f"/facebook/web{t['link']}", self._name(t["person"]))) for t in self.talks()[:40]]
        return page(PAGE_NAME, el("ul", posts), el("h2", "Inbox"), el("ul", talks), section=SECTION)

    def _name(self, person: str) -> str:
        return str((self.store.get("fb_name", person) or {"name": person})["name"])

    def page_of_post(self, request: Request) -> Response:
        post = self.store.get("fb_post", f"{PAGE}_{request.params['post']}")
        if post is None or post["deleted"]:
            return missing("such post", SECTION)
        comments = self.living("fb_comment", post=post["id"])[::-1]
        firsts = [c for c in comments if not c["parent"]]
        ordered = [c for first in firsts for c in (first, *[r for r in comments if r["parent"] == first["id"]])]
        shown = [self._shown(doc) for doc in (post, *ordered)]
        return page("Post", shown, self._form(post["id"]), section=SECTION)

    def page_of_talk(self, request: Request) -> Response:
        messages = self.living("fb_message", person=request.params["person"])[::-1]
        if not messages:
            return missing("such conversation", SECTION)
        name = f"Private: {messages[0]['author']}"
        return page(name, [self._shown(m) for m in messages], self._form(messages[-1]["id"]), section=SECTION)

    def _form(self, parent: str) -> Markup:
        options = [(account, f"{m.name}, as the page") for account, m in self.team().items()]
        return reply_form("/control/answer", options, platform=self.name, id=parent)

    def _by(self, doc: Doc) -> Markup:
        return el("p", PAGE_NAME if doc["by_page"] else doc["author"], " · ", when(doc["at"]), class_="by")

    def _shown(self, doc: Doc) -> Markup:
        return el("article", self._by(doc), el("p", doc["text"], class_="text"), id=doc["id"])


PLATFORM = Facebook
