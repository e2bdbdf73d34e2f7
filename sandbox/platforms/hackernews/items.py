"""Stories and comments in Firebase's model: https://github.com/HackerNews/API.

A document is the Firebase item plus our own fields: `story_id`, `plain` (as typed) and `kind`.
"""

from __future__ import annotations

import html
import re

from sandbox.store import Doc, Store
from sandbox.wire.texts import LINK
from sandbox.world import TEAM

FIRST_ID = 48_100_000

_ITALIC = re.compile(r"\*(\S(?:[^*\n]*\S)?)\*")


def escape(text: str) -> str:
    """Like Hacker News: also escapes `/` and quotes, in hexadecimal."""
    return html.escape(text, quote=True).replace("/", "&#x2F;")


def as_html(text: str) -> str:
    """Paragraphs separated by `<p>`, bare links, *italics*, indented code."""
    return "<p>".join(_paragraph(part) for part in re.split(r"\n\s*\n", text.strip("\n")))


def _paragraph(text: str) -> str:
    if all(line.startswith("  ") for line in text.splitlines()):
        return f"<pre><code>{escape(text)}\n</code></pre>"
    made, at = [], 0
    for match in LINK.finditer(text):
        made.append(_ITALIC.sub(r"<i>\1</i>", escape(text[at : match.start()])))
        shown = match.group() if len(match.group()) <= 60 else match.group()[:57] + "..."
        made.append(f'<a href="{escape(match.group())}" rel="nofollow">{escape(shown)}</a>')
        at = match.end()
    made.append(_ITALIC.sub(r"<i>\1</i>", escape(text[at:])))
    return "".join(made)


class Items:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.changed = {int(item_id) for item_id in store.all("hn_item")}
        """Ids of items changed since the search index last read them."""
        with store.transaction():
            for member in TEAM:
                if member.hackernews:
                    self.account(member.hackernews, about=f"{member.role} at Acme.", created=1_420_000_000)

    def account(self, name: str, *, about: str = "", created: int = 0) -> Doc:
        known = self.store.get("hn_user", name)
        if known is None:
            known = {"id": name, "created": created or 1_300_000_000 + hash_of(name) % 300_000_000, "about": about}
            self.store.put("hn_user", name, known)
        return known

    def get(self, item_id: int | str) -> Doc | None:
        return self.store.get("hn_item", str(item_id))

    def submit(self, author: str, title: str, *, at: float, url: str = "", text: str = "", kind: str = "") -> Doc:
        """A story; an Ask HN if it has a text and no url."""
        item = self._new("story", author, at, text, kind)
        item |= {"title": title, "score": 1 + hash_of(title) % 240, "descendants": 0, "story_id": item["id"]}
        if url:
            item["url"] = url
        return self._save(item)

    def comment(self, author: str, text: str, parent: Doc, *, at: float, kind: str = "") -> Doc:
        item = self._new("comment", author, at, text, kind) | {"parent": parent["id"], "story_id": parent["story_id"]}
        self._save({**parent, "kids": [*parent.get("kids", ()), item["id"]]})
        story = self.get(parent["story_id"])
        if story is not None:
            self._save({**story, "descendants": story.get("descendants", 0) + 1})
        return self._save(item)

    def _new(self, kind_of_item: str, author: str, at: float, text: str, kind: str) -> Doc:
        self.account(author)
        item: Doc = {
            "id": self.store.next_number("hn_item", FIRST_ID),
            "type": kind_of_item,
            "by": author,
            "time": int(at),
            "updated": int(at),
            "plain": text,
            "kind": kind,
        }
        if text:
            item["text"] = as_html(text)
        return item

    def edit(self, item: Doc, text: str, *, at: float) -> Doc:
        """A new text (for a story without one, a new title)."""
        if item["type"] == "story" and "text" not in item:
            return self._save({**item, "title": text, "updated": int(at)})
        return self._save({**item, "plain": text, "text": as_html(text), "updated": int(at)})

    def delete(self, item: Doc) -> None:
        self._save({**item, "deleted": True})

    def kill(self, item: Doc) -> None:
        """Killed by user flags: the API shows "[dead]"."""
        self._save({**item, "dead": True})

    def thread(self, item: Doc) -> list[Doc]:
        """The item and all its descendants, depth first."""
        found, waiting = [], [item]
        while waiting:
            found.append(waiting.pop())
            children = [self.get(kid) for kid in reversed(found[-1].get("kids", ()))]
            waiting += [child for child in children if child]
        return found

    def ask_or_show(self, item: Doc) -> str:
        title = str(item.get("title", "")).lower()
        return "ask_hn" if title.startswith("ask hn") else "show_hn" if title.startswith("show hn") else ""

    def _save(self, item: Doc) -> Doc:
        self.changed.add(item["id"])
        self.store.put("hn_item", str(item["id"]), item)
        return item


def hash_of(text: str) -> int:
    """A stable hash of a text across processes."""
    value = 0
    for character in text:
        value = (value * 131 + ord(character)) % 1_000_000_007
    return value
