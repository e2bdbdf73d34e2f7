"""The sandbox's data, read from memory and persisted in SQLite.

A document is a JSON object with a kind and a key, and optionally raw bytes (an email). All reads are from memory. A
write is committed before `put` (or the transaction around it) returns, so acknowledged data survives SIGKILL: WAL with
synchronous=NORMAL only loses data in a power failure (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Doc = dict[str, Any]


class Store:
    """All documents by kind, in insertion order. `lock` guards every read and write."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._depth = 0
        self._after: list[Callable[[], object]] = []
        self._kinds: dict[str, dict[str, Doc]] = {}
        self._raw: dict[tuple[str, str], bytes] = {}
        self._db = sqlite3.connect(folder / "world.sqlite3", check_same_thread=False, isolation_level=None, timeout=30)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS docs (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL,"
            " body TEXT NOT NULL, raw BLOB, UNIQUE (kind, key))"
        )
        for kind, key, body, raw in self._db.execute("SELECT kind, key, body, raw FROM docs ORDER BY n"):
            self._kinds.setdefault(kind, {})[key] = json.loads(body)
            if raw is not None:
                self._raw[kind, key] = raw

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One commit for every put inside. After an exception, earlier puts are kept: memory already has them."""
        with self.lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("COMMIT")
                    waiting, self._after = self._after, []
                    for call in waiting:
                        call()

    def after_commit(self, call: Callable[[], object]) -> None:
        """Runs the call once the current transaction is on disk, so nobody sees what a kill could still undo."""
        with self.transaction():
            self._after.append(call)

    def put(self, kind: str, key: str, doc: Doc, raw: bytes | None = None) -> None:
        """Insert or replace; a replacement without raw bytes keeps the existing ones."""
        with self.transaction():
            self._kinds.setdefault(kind, {})[key] = doc
            if raw is not None:
                self._raw[kind, key] = raw
            self._db.execute(
                "INSERT INTO docs (kind, key, body, raw) VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE"
                " SET body = excluded.body, raw = coalesce(excluded.raw, docs.raw)",
                (kind, key, json.dumps(doc), raw),
            )

    def drop(self, kind: str, key: str) -> None:
        with self.transaction():
            self._kinds.get(kind, {}).pop(key, None)
            self._raw.pop((kind, key), None)
            self._db.execute("DELETE FROM docs WHERE kind = ? AND key = ?", (kind, key))

    def get(self, kind: str, key: str) -> Doc | None:
        return self._kinds.get(kind, {}).get(key)

    def all(self, kind: str) -> dict[str, Doc]:
        """The live mapping: hold `lock` while iterating over it."""
        return self._kinds.setdefault(kind, {})

    def raw(self, kind: str, key: str) -> bytes:
        return self._raw[kind, key]

    def next_number(self, name: str, start: int = 1) -> int:
        """A counter that never repeats a number, even across restarts."""
        with self.transaction():
            number = int((self.get("counter", name) or {"next": start})["next"])
            self.put("counter", name, {"next": number + 1})
            return number

    def close(self) -> None:
        with self.lock:
            self._db.close()
