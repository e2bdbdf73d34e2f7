"""All mailboxes and their emails, in the store: the team's and the fictional customers'.

An email is one document per copy, under `mailbox/folder/uid`, with its bytes. UIDs only grow and UIDVALIDITY is
constant, even across restarts (RFC 9051, 2.3.1.1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from email.utils import getaddresses
from typing import Any

from sandbox.store import Doc, Store
from sandbox.world import ALIASES, DOMAIN, MAILBOX_USER, address

TEAM_FOLDERS = ("INBOX", "Sent", "Archive", "Trash")
TEAM = MAILBOX_USER


class Mailboxes:
    """The `arrived` callbacks get each new document, inside the transaction that stores it."""

    def __init__(self, store: Store, born_at: float) -> None:
        self.store = store
        self.uid_validity = int(born_at)
        self.arrived: list[Callable[[Doc], None]] = []
        self._by_message_id: defaultdict[str, list[str]] = defaultdict(list)
        for key, mail in store.all("mail").items():
            self._by_message_id[mail["message_id"]].append(key)

    def deliver(self, mailbox: str, raw: bytes, *, at: float, folder: str = "INBOX", **more: Any) -> Doc:
        """Puts one copy into a folder. `more` must contain the fields from `letter`: message_id, sender, subject, text
        ..."""
        uid = self.store.next_number(f"uid {mailbox}/{folder}", 101)
        key = f"{mailbox}/{folder}/{uid}"
        mail: Doc = {"key": key, "mailbox": mailbox, "folder": folder, "uid": uid, "at": at, "flags": [], **more}
        with self.store.transaction():
            self.store.put("mail", key, mail, raw)
            self._by_message_id[mail["message_id"]].append(key)
            for listener in self.arrived:
                listener(mail)
        return mail

    def raw(self, mail: Doc) -> bytes:
        return self.store.raw("mail", mail["key"])

    def get(self, key: str) -> Doc | None:
        return self.store.get("mail", key)

    def found(self, message_id: str) -> list[Doc]:
        """All copies with this Message-ID (with or without angle brackets)."""
        found = (self.get(key) for key in self._by_message_id.get(message_id.strip().strip("<>"), ()))
        return [mail for mail in found if mail]

    def in_folder(self, mailbox: str, folder: str) -> list[Doc]:
        """The folder's emails, oldest first."""
        return [m for m in self.store.all("mail").values() if m["mailbox"] == mailbox and m["folder"] == folder]

    def owners(self) -> dict[str, int]:
        """Mailbox → number of emails in it."""
        counts: defaultdict[str, int] = defaultdict(int)
        for mail in self.store.all("mail").values():
            counts[mail["mailbox"]] += 1
        return dict(counts)

    def flag(self, mail: Doc, flags: list[str]) -> None:
        self.store.put("mail", mail["key"], {**mail, "flags": flags})

    def expunge(self, mail: Doc) -> None:
        self.store.drop("mail", mail["key"])
        self._by_message_id[mail["message_id"]].remove(mail["key"])


def is_ours(who: str) -> bool:
    return who.lower().endswith("@" + DOMAIN)


def alias_of(who: str) -> str | None:
    """The alias for one of our addresses; None for any other."""
    local, _, domain = who.lower().partition("@")
    return local if domain == DOMAIN and local in ALIASES else None


def alias_address(name: str) -> str:
    """Full address for `merch`, `merch@acme.example` or a stranger's address."""
    return name if "@" in name else address(name)


def addresses(*headers: str) -> list[str]:
    """Lower-case addresses in header values, deduplicated."""
    return list(dict.fromkeys(a.lower() for _, a in getaddresses([h for h in headers if h]) if "@" in a))
