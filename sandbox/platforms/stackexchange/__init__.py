"""Stack Exchange: the API under /stackexchange/2.3, the site under /stackexchange/web."""

from __future__ import annotations

import re
from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.platforms.stackexchange.api import KEY, SITE, Api, failure
from sandbox.platforms.stackexchange.pages import COMMENT, SECTION, Pages
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router
from sandbox.world import PHRASES, TEAM, Member

TAG = "acme"
FIRST_POST, FIRST_COMMENT, FIRST_USER, FIRST_OF_TEAM = 79_200_001, 140_000_001, 24_000_001, 7000
_PHRASE = re.compile(rf"\b(?:{'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)


class StackExchange(Talk):
    name = "stackexchange"
    title = SECTION
    home = "/stackexchange/web/"

    def register(self, router: Router) -> None:
        Api(self).register(router)
        Pages(self).register(router)

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

    def _existing(self, ref: str) -> tuple[str, Doc]:
        kind = "se_comment" if ref.startswith(COMMENT) else "se_post"
        doc = self.store.get(kind, ref.removeprefix(COMMENT))
        if doc is None or doc["gone"]:
            raise Impossible(f"there is no post {ref}")
        return kind, doc

    def perform(self, act: Act) -> Made:
        """A reply to a question is an answer; a reply to an answer or a comment is a comment. `more`: title, tags."""
        at = int(act.at or self.universe.now())
        if act.verb == "retweet":
            raise Impossible("nobody retweets here")
        if act.verb in ("edit", "delete"):
            kind, doc = self._existing(act.parent)
            change = {"gone": True} if act.verb == "delete" else {"text": act.text, "edited": at, "active": at}
            return self._save(kind, {**doc, **change})
        doc = {"author": self._number(act.author, act.more.get("name", "")), "text": act.text, "at": at, "active": at,
               "edited": 0, "gone": False, "kind": act.kind}  # fmt: skip
        if not act.parent:
            title = act.more.get("title") or act.text.split("\n")[0][:120]
            number = self.store.next_number("se_post", FIRST_POST)
            tags = act.more.get("tags") or [TAG if number % 2 else "continuous-integration"]
            tags = tags.split(",") if isinstance(tags, str) else list(tags)
            return self._save("se_post", doc | {"id": number, "type": "question", "question": number, "title": title,
                                                "tags": tags})  # fmt: skip
        kind, parent = self._existing(act.parent)
        if kind == "se_post" and parent["type"] == "question" and not act.more.get("comment"):
            number = self.store.next_number("se_post", FIRST_POST)
            return self._save("se_post", doc | {"id": number, "type": "answer", "question": parent["id"]})
        number = self.store.next_number("se_comment", FIRST_COMMENT)
        post = parent["post"] if kind == "se_comment" else parent["id"]
        return self._save("se_comment", doc | {"id": number, "type": "comment", "post": post,
                                               "question": parent["question"]})  # fmt: skip

    def _save(self, kind: str, doc: Doc) -> Made:
        self.store.put(kind, str(doc["id"]), doc)
        question = self.store.get("se_post", str(doc["question"])) or doc
        if question is not doc:
            self.store.put("se_post", str(question["id"]), {**question, "active": max(question["active"], doc["at"])})
        mark = f"#{doc['type']}-{doc['id']}" if doc["type"] != "question" else ""
        return Made((COMMENT if kind == "se_comment" else "") + str(doc["id"]), self.link(question) + mark)

    def access(self) -> Access:
        settings = {"site": SITE, "tags": [TAG], "phrases": list(PHRASES),
                    "api_base": f"{self.universe.public_url}/stackexchange/2.3"}  # fmt: skip
        return Access(settings, {"key": KEY})

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Mentions are questions with our tag or our name; answers and comments come with a followed thread."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        for kind in ("se_post", "se_comment"):
            for doc in self.store.all(kind).values():
                place, reason = self._place(doc)
                told[place].append(self._entry(doc) | ({"reason": reason} if reason else {}))
        return told

    def _place(self, doc: Doc) -> tuple[str, str]:
        if doc["author"] in self.team():
            return "ours", ""
        if doc["gone"]:
            return "optional", "deleted"
        named = doc["type"] == "question" and (TAG in doc["tags"] or _PHRASE.search(f"{doc['title']} {doc['text']}"))
        return ("mentions", "") if named else ("optional", "context")

    def _entry(self, doc: Doc) -> dict[str, Any]:
        parent = {"answer": doc["question"], "comment": doc.get("post")}.get(doc["type"])
        return {"id": (COMMENT if doc["type"] == "comment" else "") + str(doc["id"]), "author": doc["author"],
                "text": doc["text"], "title": doc.get("title"), "at": doc["at"], "thread_id": str(doc["question"]),
                "in_reply_to": str(parent) if parent else None, "deleted": doc["gone"],
                "kind": doc["kind"]}  # fmt: skip

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return failure(
                502, "throttle_violation", "too many requests from this IP, more requests available in 2 seconds"
            )
        if kind == "expired":
            return failure(400, "bad_parameter", "`key` doesn't match a known application")
        return failure(500, "internal_error", "Internal error", 500)


PLATFORM = StackExchange
