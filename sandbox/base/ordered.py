"""Posts in time order: all of them, and by whatever a platform groups them by (a conversation, a parent, a forum)."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sandbox.store import Doc, Store


class OrderedPosts:
    """The documents of one kind. A subclass defines their `key`, their `order`, and their `lists`."""

    kind = ""
    key = "id"

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lists: defaultdict[str, list[tuple[Any, str]]] = defaultdict(list)
        for doc in store.all(self.kind).values():
            self._index(doc)

    def order(self, doc: Doc) -> Any:
        return doc["at"], doc["number"]

    def lists(self, doc: Doc) -> Iterable[str]:
        """Names of the lists that a post is in, besides the list of all posts."""
        return ()

    def _index(self, doc: Doc) -> None:
        for name in {"", *self.lists(doc)}:
            insort(self._lists[name], (self.order(doc), doc[self.key]))

    def get(self, ref: str) -> Doc | None:
        return self.store.get(self.kind, ref)

    def save(self, doc: Doc) -> Doc:
        is_new = self.get(doc[self.key]) is None
        self.store.put(self.kind, doc[self.key], doc)
        if is_new:
            self._index(doc)
        return doc

    def all(self, name: str = "") -> list[Doc]:
        """All posts, oldest first, including deleted ones."""
        return [doc for _, ref in self._lists[name] if (doc := self.get(ref))]

    def newest(self, name: str = "") -> list[Doc]:
        """All posts, newest first, without deleted ones."""
        return [doc for doc in reversed(self.all(name)) if not doc["gone"]]
