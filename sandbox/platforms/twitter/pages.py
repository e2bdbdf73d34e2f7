"""Twitter's public pages: latest tweets, an account, one thread, and a reply form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.pages.elements import Markup, button, by, el, join, link, missing, page, reply_form, when
from sandbox.platforms.twitter.entities import HANDLE, URL
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router
from sandbox.world import HANDLES, TEAM

if TYPE_CHECKING:
    from sandbox.platforms.twitter import Twitter

SECTION = "Twitter"
SHOWN = 100


class Pages:
    def __init__(self, twitter: Twitter) -> None:
        self.twitter, self.posts = twitter, twitter.posts

    def register(self, router: Router) -> None:
        router.add("GET", "/twitter/web/", self.newest)
        router.add("GET", "/twitter/web/{handle}", self.account)
        router.add("GET", "/twitter/web/{handle}/status/{id}", self.thread)
        router.add("POST", "/twitter/web/answer", self.twitter.by_hand)

    def newest(self, request: Request) -> Response:
        handles = el("p", [join(link(f"/twitter/web/{name}", "@" + name), " ") for name in HANDLES])
        tweets = self.posts.visible(self.posts.everything[-SHOWN:])
        return page("Twitter", handles, [self._article(t) for t in tweets], section=SECTION)

    def account(self, request: Request) -> Response:
        name = request.params["handle"].lower()
        user = self.posts.user(self.posts.user_ids.get(name, ""))
        if user is None:
            return missing(f"account @{name}", SECTION)
        wrote = self.posts.visible(self.posts.by_author[user["id"]][-SHOWN:])
        named = self.posts.visible(self.posts.naming[name][-SHOWN:])
        return page(
            f"{user['name']} @{user['username']}",
            el("p", user["description"]),
            el("h2", "Posts and replies"),
            [self._article(t) for t in wrote] or el("p", "Nothing yet."),
            el("h2", "Mentions"),
            [self._article(t) for t in named] or el("p", "Nothing yet."),
            section=SECTION,
        )

    def thread(self, request: Request) -> Response:
        tweet = self.twitter.store.get("tweet", request.params["id"])
        if tweet is None:
            return missing("such tweet", SECTION)
        if tweet["deleted"]:
            return missing("such tweet: it was deleted by its author", SECTION)
        tweet = self.posts.get(tweet["history"][-1]) or tweet
        tweets = reversed(self.posts.visible(self.posts.conversation[tweet["conversation_id"]]))
        options = [(h, f"@{h} (brand)") for h in HANDLES]
        options += [(m.twitter, f"@{m.twitter} · {m.name}, {m.role}") for m in TEAM if m.twitter]
        return page(
            "Thread",
            [self._article(t, chosen=t["id"] == tweet["id"]) for t in tweets],
            el("h2", "Write a reply"),
            reply_form("/twitter/web/answer", options, id=tweet["id"]),
            button("/control/delete", "Delete this tweet", platform="twitter", id=tweet["id"]),
            section=SECTION,
        )

    def _article(self, tweet: Doc, *, chosen: bool = False) -> Markup:
        name = self.posts.username(tweet["author_id"])
        user = self.posts.user(tweet["author_id"])
        notes = ["edited"] * (len(tweet["history"]) > 1) + [f"{tweet['likes']} likes"] * bool(tweet["likes"])
        ours = name.lower() in HANDLES or any(m.twitter == name for m in TEAM)
        return el(
            "article",
            by(
                link(f"/twitter/web/{name}", el("strong", user["name"] if user else name), f" @{name}"),
                link(f"/twitter/web/{name}/status/{tweet['id']}", when(tweet["at"])),
                el("span", ", ".join(notes)) if notes else None,
            ),
            el("p", marked_up(tweet["plain"]), class_="text", lang=tweet["lang"]),
            id=f"tweet-{tweet['id']}",
            class_=("ours " if ours else "") + ("chosen" if chosen else "") + (" reply-to" if tweet["refs"] else ""),
        )


def marked_up(text: str) -> Markup:
    """Text with links shown (never followed automatically) and handles linked."""
    made, at = [], 0
    for match in URL.finditer(text):
        made += [_handles(text[at : match.start()]), link(match.group(), match.group(), rel="nofollow noreferrer")]
        at = match.end()
    return join(made, _handles(text[at:]))


def _handles(text: str) -> Markup:
    made, at = [], 0
    for match in HANDLE.finditer(text):
        made += [text[at : match.start()], link(f"/twitter/web/{match.group(1).lower()}", match.group())]
        at = match.end()
    return join(made, text[at:])
