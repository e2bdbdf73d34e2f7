"""Posts and comments as Reddit stores them, and their wire format.

Fields: https://github.com/reddit-archive/reddit/wiki/JSON, as of 2026. Our documents have `name`, `sub`, `author`,
`text`, `at`, `edited`, `gone` ("", deleted, removed), `link` (fullname of the post), `parent` ("" for a post), and for
posts `title`, `url`, `locked`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.base.ordered import OrderedPosts
from sandbox.store import Doc, Store
from sandbox.wire.texts import linked, paragraphs

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
FIRST_POST = int("1p0aaa0", 36)
FIRST_COMMENT = int("nk0aaa0", 36)
OWN = "acme"
QUARANTINED = "acmeleaks"
PRIVATE = "acmeinternal"
SUBREDDITS = (OWN, "devops", "programming", "selfhosted", "opensource", QUARANTINED, PRIVATE)
_CALL = re.compile(r"(?<![\w/])/?u/([\w-]+)")


def base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text or "0"


def escaped(value: Any) -> Any:
    """The escaping used without `raw_json=1`: https://www.reddit.com/dev/api/#response_body_encoding"""
    if isinstance(value, str):
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if isinstance(value, list):
        return [escaped(entry) for entry in value]
    if isinstance(value, dict):
        return {key: escaped(entry) for key, entry in value.items()}
    return value


def as_html(text: str) -> str:
    """Paragraphs and bare links, in Reddit's wrapper markup."""
    return '<div class="md">' + "\n\n".join(f"<p>{linked(part)}</p>" for part in paragraphs(text)) + "\n</div>"


def called(text: str) -> list[str]:
    """Lower-case accounts mentioned as u/name."""
    return [name.lower() for name in _CALL.findall(text)]


class Things(OrderedPosts):
    """`web`: the URL of the public pages, set once the port is known."""

    kind = "rd_thing"
    key = "name"

    def __init__(self, store: Store, web: Callable[[], str]) -> None:
        super().__init__(store)
        self.web = web

    def lists(self, doc: Doc) -> set[str]:
        """By kind, by kind and subreddit, by parent, by post."""
        kind = doc["name"][:2]
        keys = {kind, f"{kind} {doc['sub']}", f"below {doc['parent']}"}
        return keys | ({f"under {doc['link']}"} if doc["parent"] else set())

    def children(self, name: str) -> list[Doc]:
        return self.all(f"below {name}")

    def under(self, link: str) -> list[Doc]:
        return self.all(f"under {link}")

    def submit(self, sub: str, author: str, title: str, text: str, **more: Any) -> Doc:
        number = self.store.next_number("rd_post", FIRST_POST)
        name = f"t3_{base36(number)}"
        return self.save({"name": name, "number": number, "sub": sub, "author": author, "title": title, "text": text,
                          "link": name, "parent": "", "url": "", "locked": False, **self._fresh(), **more})  # fmt: skip

    def comment(self, parent: Doc, author: str, text: str, **more: Any) -> Doc:
        number = self.store.next_number("rd_comment", FIRST_COMMENT)
        return self.save({"name": f"t1_{base36(number)}", "number": number, "sub": parent["sub"], "author": author,
                          "text": text, "link": parent["link"], "parent": parent["name"],
                          **self._fresh(), **more})  # fmt: skip

    @staticmethod
    def _fresh() -> Doc:
        return {"at": 0.0, "edited": False, "gone": "", "kind": "", "desk": False}

    def post_of(self, thing: Doc) -> Doc:
        return self.get(thing["link"]) or thing

    # --- wire -------------------------------------------------------------------------------------------------

    def path(self, thing: Doc) -> str:
        post = self.post_of(thing)
        slug = re.sub(r"[^a-z0-9]+", "_", post["title"].lower()).strip("_")[:50] or "_"
        path = f"/r/{post['sub']}/comments/{post['name'][3:]}/{slug}/"
        return path if thing is post or not thing["parent"] else f"{path}{thing['name'][3:]}/"

    def shown(self, thing: Doc, replies: Any = "", *, in_list: bool = False) -> dict[str, Any]:
        data = self._post(thing) if not thing["parent"] else self._comment(thing, replies, in_list=in_list)
        return {"kind": thing["name"][:2], "data": data}

    def _common(self, thing: Doc) -> dict[str, Any]:
        gone = thing["gone"]
        return {
            "subreddit": thing["sub"],
            "subreddit_name_prefixed": f"r/{thing['sub']}",
            "id": thing["name"][3:],
            "name": thing["name"],
            "author": "[deleted]" if gone == "deleted" or (gone and thing["parent"]) else thing["author"],
            "author_fullname": None if gone else "t2_" + base36(sum(map(ord, thing["author"])) * 7919),
            "created": thing["at"] + 28_800,
            "created_utc": thing["at"],
            "edited": thing["edited"],
            "score": 1 + thing["number"] % 40,
            "permalink": self.path(thing),
            "archived": False,
            "locked": self.post_of(thing)["locked"],
            "stickied": False,
            "distinguished": None,
            "likes": None,
        }

    def _post(self, post: Doc) -> dict[str, Any]:
        gone = post["gone"]
        text = f"[{gone}]" if gone else post["text"]
        shown = as_html(text) if text else ""
        return self._common(post) | {
            "title": "[deleted by user]" if gone == "deleted" else post["title"],
            "selftext": text,
            "selftext_html": f"<!-- SC_OFF -->{shown}<!-- SC_ON -->" if shown else None,
            "is_self": not post["url"],
            "url": post["url"] or f"{self.web()}{self.path(post)}",
            "domain": f"self.{post['sub']}" if not post["url"] else post["url"].split("/")[2],
            "num_comments": len(self.under(post["name"])),
            "upvote_ratio": 0.9,
            "over_18": False,
            "quarantine": post["sub"] == QUARANTINED,
            "removed_by_category": {"": None, "deleted": "deleted", "removed": "moderator"}[gone],
            "link_flair_text": None,
        }

    def _comment(self, comment: Doc, replies: Any, *, in_list: bool) -> dict[str, Any]:
        text = f"[{comment['gone']}]" if comment["gone"] else comment["text"]
        made = self._common(comment) | {
            "body": text,
            "body_html": as_html(text),
            "link_id": comment["link"],
            "parent_id": comment["parent"],
            "replies": replies,
            "is_submitter": comment["author"] == self.post_of(comment)["author"],
            "collapsed_reason_code": "DELETED" if comment["gone"] else None,
        }
        if in_list:
            post = self._post(self.post_of(comment))
            made |= {f"link_{key}": post[key] for key in ("title", "url", "author")}
            made |= {"link_permalink": f"{self.web()}{post['permalink']}", "num_comments": post["num_comments"]}
        return made

    def mention(self, comment: Doc, dest: str) -> dict[str, Any]:
        """A comment mentioning an account, as in the inbox: without `link_id` and `permalink`."""
        data = self._comment(comment, "", in_list=True)
        kept = ("subreddit", "subreddit_name_prefixed", "id", "name", "author", "author_fullname", "created",
                "created_utc", "score", "distinguished", "body", "parent_id", "link_title", "num_comments", "likes",
                "replies")  # fmt: skip
        made = {key: data[key] for key in kept} | {
            "body_html": f"<!-- SC_OFF -->{data['body_html']}<!-- SC_ON -->",
            "context": f"{self.path(comment)}?context=3",
            "subject": "username mention",
            "type": "username_mention",
            "was_comment": True,
            "new": True,
            "dest": dest,
            "first_message": None,
        }
        return {"kind": "t1", "data": made}


def listing(children: Iterable[Any], after: str | None = None) -> dict[str, Any]:
    kept = list(children)
    return {
        "kind": "Listing",
        "data": {
            "after": after,
            "dist": len(kept),
            "modhash": None,
            "geo_filter": "",
            "children": kept,
            "before": None,
        },
    }
