"""Stack Exchange: the API under /stackexchange/2.3, the site under /stackexchange/web."""

from __future__ import annotations

import re
from typing import Any

from sandbox.base.acts import Access, Act, Made
from sandbox.platforms.stackexchange.api import KEY, SITE, Api, failure
from sandbox.platforms.stackexchange.pages import COMMENT, SECTION, Pages
from sandbox.store import Doc
from sandbox.talk import Talk, names_us
from sandbox.world import PHRASES, TEAM, Member

TAG = "acme"
FIRST_POST, FIRST_COMMENT, FIRST_USER, FIRST_OF_TEAM = 79_200_001, 140_000_001, 24_000_001, 7000


class StackExchange(Talk):
    name = "stackexchange"
    title = SECTION
    home = "/stackexchange/web/"
    servers = (Api, Pages)
    refusals = {
        "400": failure(400, "bad_parameter", "body"),
        "404": failure(404, "no_method", "no method found with this name", 404),
        "429": failure(
            502, "throttle_violation", "too many requests from this IP, more requests available in 2 seconds"
        ),
        "500": failure(500, "internal_error", "Internal error", 500),
        "expired": failure(400, "bad_parameter", "`key` doesn't match a known application"),
    }

    @property
    def web(self) -> str:
        return f"{self.universe.public_url}/stackexchange/web"

    def link(self, question: Doc) -> str:
        return f"{self.web}/questions/{question['id']}/" + re.sub(r"\W+", "-", question["title"].lower()).strip("-")

    def account(self, member: Member) -> str | None:
        """The user's number: names aren't unique there."""
        return str(FIRST_OF_TEAM + TEAM.index(member))

    def user(self, number: str) -> str:
        known = self.store.get("se_user", number)
        return str(known["name"]) if known else (m.name if (m := self.team().get(number)) else number)

    def _number(self, author: str, name: str) -> str:
        """Users are numbered in order of appearance; a team account already is its number."""
        if author in self.team() or self.store.get("se_user", author):
            return author
        known = self.store.get("se_name", author)
        if known is None:
            known = {"id": str(self.store.next_number("se_user", FIRST_USER))}
            self.store.put("se_name", author, known)
            self.store.put("se_user", known["id"], {"name": name or author})
        return str(known["id"])

    def questions(self) -> list[Doc]:
        return [p for p in self.store.all("se_post").values() if p["type"] == "question" and not p["gone"]]

    def children(self, kind: str, question: int) -> list[Doc]:
        return [d for d in self.store.all(kind).values() if d["question"] == question and not d["gone"]]

    def find(self, ref: str) -> Doc | None:
        return self.store.get("se_comment" if ref.startswith(COMMENT) else "se_post", ref.removeprefix(COMMENT))

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.save({**doc, "text": text, "edited": int(at), "active": int(at)})

    def posted(self, act: Act, at: float) -> Doc:
        """A reply to a question is an answer; a reply to an answer or a comment is a comment. `more`: title, tags."""
        at = int(at)
        doc = {"author": self._number(act.author, act.more.get("name", "")), "text": act.text, "at": at, "active": at,
               "edited": 0, "gone": False, "kind": act.kind}  # fmt: skip
        if not act.parent:
            title = act.more.get("title") or act.text.split("\n")[0][:120]
            number = self.store.next_number("se_post", FIRST_POST)
            tags = act.more.get("tags") or [TAG if number % 2 else "continuous-integration"]
            tags = tags.split(",") if isinstance(tags, str) else list(tags)
            return self.save(doc | {"id": number, "type": "question", "question": number, "title": title,
                                                "tags": tags})  # fmt: skip
        parent = self.existing(act.parent)
        if parent["type"] == "question" and not act.more.get("comment"):
            number = self.store.next_number("se_post", FIRST_POST)
            return self.save(doc | {"id": number, "type": "answer", "question": parent["id"]})
        number = self.store.next_number("se_comment", FIRST_COMMENT)
        post = parent["post"] if parent["type"] == "comment" else parent["id"]
        return self.save(doc | {"id": number, "type": "comment", "post": post,
                                               "question": parent["question"]})  # fmt: skip

    def save(self, doc: Doc) -> Doc:
        self.store.put("se_comment" if doc["type"] == "comment" else "se_post", str(doc["id"]), doc)
        question = self._question(doc)
        if question is not doc:
            self.store.put("se_post", str(question["id"]), {**question, "active": max(question["active"], doc["at"])})
        return doc

    def _question(self, doc: Doc) -> Doc:
        return self.store.get("se_post", str(doc["question"])) or doc

    def made(self, doc: Doc) -> Made:
        mark = f"#{doc['type']}-{doc['id']}" if doc["type"] != "question" else ""
        return Made(_ref(doc), self.link(self._question(doc)) + mark)

    def access(self) -> Access:
        settings = {"site": SITE, "tags": [TAG], "phrases": list(PHRASES),
                    "api_base": f"{self.universe.public_url}/stackexchange/2.3"}  # fmt: skip
        return Access(settings, {"key": KEY})

    def documents(self) -> list[Doc]:
        return [*self.store.all("se_post").values(), *self.store.all("se_comment").values()]

    def is_mention(self, doc: Doc) -> bool:
        """Questions with our tag or our name; answers and comments come with a followed thread."""
        return doc["type"] == "question" and (TAG in doc["tags"] or names_us(doc["title"], doc["text"]))

    def entry(self, doc: Doc) -> dict[str, Any]:
        parent = {"answer": doc["question"], "comment": doc.get("post")}.get(doc["type"])
        return {"id": _ref(doc), "author": doc["author"],
                "text": doc["text"], "title": doc.get("title"), "at": doc["at"], "thread_id": str(doc["question"]),
                "in_reply_to": str(parent) if parent else None, "deleted": doc["gone"],
                "kind": doc["kind"]}  # fmt: skip


def _ref(doc: Doc) -> str:
    return (COMMENT if doc["type"] == "comment" else "") + str(doc["id"])


PLATFORM = StackExchange
