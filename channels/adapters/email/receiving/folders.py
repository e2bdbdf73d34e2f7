"""Reads folders by UID: every mail once, in order, starting at the cursor.

Cursor: `{folder: {"uidvalidity", "last_uid", "since", "retry"}}`. A UID is only valid together with the folder's
UIDVALIDITY (RFC 3501, 2.3.1.1). When that changes, the folder is read again; item ids include it, and the desk
recognises the mails by Message-ID and digest. `since` (a date) bounds how far back a folder is read the first time;
until it is reached, `history_until` is the last UID that existed then. `retry` counts the attempts on mails that
couldn't be fetched; each is retried by later polls.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from channels.adapters.email.connection import server_of
from channels.adapters.email.mime.headers import read_date
from channels.adapters.email.receiving.imap import NoSuchFolder, Session, failures, open_session
from channels.clocks import desk_now
from channels.contract import Config, Item, Json, Page
from channels.errors import ChannelError, Rejected, Transient
from channels.toolkit.partial_failures import Parts

T = TypeVar("T")

_PARTS = "//parts"
"""Stored among the folder names in the cursor; no server allows such a folder name."""

MAX_RAW_BYTES = 25 * 1024 * 1024
OVERSIZE_HEAD_BYTES = 1024 * 1024
BATCH = 50
BATCH_BYTES = 16 * 1024 * 1024
MAX_PER_POLL = 2000
MAX_TRIES = 10
MAX_RECONNECTS = 3
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DATE = re.compile(rb'\bINTERNALDATE "([^"]+)"')


@dataclass(slots=True)
class _Known:
    """What the server reports about a mail before it is fetched."""

    uid: int
    size: int
    internal_date: str | None


@dataclass(slots=True)
class _Position:
    """The read position in one folder."""

    uidvalidity: int
    last_uid: int = 0
    since: str | None = None
    history_until: int | None = None
    retry: dict[int, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        retry = {str(uid): tries for uid, tries in sorted(self.retry.items())}
        basics = {"uidvalidity": self.uidvalidity, "last_uid": self.last_uid, "since": self.since}
        if self.history_until and self.last_uid < self.history_until:
            basics["history_until"] = self.history_until
        return {**basics, "retry": retry} if retry else basics


def folders_of(config: Config) -> list[str]:
    """The inbox first, then further folders, then our sent mail."""
    further = config.setting("further_folders", ())
    further = further.splitlines() if isinstance(further, str) else further
    names = [config.setting("inbox_folder", "INBOX"), *further, config.setting("sent_folder", "")]
    return list(dict.fromkeys(str(name).strip() for name in names if name))


def fetch_pages(config: Config, cursor: Json) -> Iterator[Page]:
    """At most MAX_PER_POLL new mails per folder, oldest first; the last page's cursor resumes exactly."""
    reader = _Reader(config)
    state: dict[str, Json] = dict(cursor) if isinstance(cursor, Mapping) else {}
    parts = Parts(folders_of(config), state.get(_PARTS))
    try:
        for folder in parts:
            with parts.reading(folder, ""), reader.anew_after_failure():
                for items, position in reader.read(folder, state.get(folder)):
                    state = {**state, folder: position, _PARTS: parts.to_json()}
                    yield Page(items, state)
        yield from parts.end({**state, _PARTS: parts.to_json()})
    finally:
        reader.close()


class _Reader:
    """One poll. A mail that the server refuses, or that breaks the connection, doesn't block the next ones."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.server = server_of(config, "imap")
        self.reconnects = 0
        self._opened: AbstractContextManager[Session] | None = None
        self._session: Session | None = None
        self.folder = ""
        self.position = _Position(0)

    @property
    def session(self) -> Session:
        if self._session is None:
            self._opened = open_session(self.config)
            self._session = self._opened.__enter__()
        return self._session

    @contextmanager
    def anew_after_failure(self) -> Iterator[None]:
        """Keeps the next folder from inheriting a broken session."""
        try:
            yield
        except Transient:
            with suppress(ChannelError, OSError):
                self.close()
            raise

    def close(self) -> None:
        opened, self._opened, self._session = self._opened, None, None
        if opened is not None:
            opened.__exit__(None, None, None)

    def read(self, folder: str, before: Json) -> Iterator[tuple[list[Item], Json]]:
        """(items, position after them), at least once."""
        self.folder = folder
        try:
            self.position = self._resume(before, self._asked(lambda session: session.open_folder(folder)))
        except NoSuchFolder as error:
            if folder == self.config.setting("sent_folder"):
                return  # many servers create it when the first mail is filed there
            raise Rejected(f"{error} Check the folder's name on the connection's page.") from error
        new = self._asked(self._new_uids)[:MAX_PER_POLL]
        if self.position.retry or not new:
            yield self._tried_again(), self.position.as_json()
        for start in range(0, len(new), BATCH):
            yield from self._pages(new[start : start + BATCH])

    def _asked(self, question: Callable[[Session], T]) -> T:
        with failures(self.server):
            return question(self.session)

    def _resume(self, before: Json, uidvalidity: int) -> _Position:
        known = before if isinstance(before, Mapping) else {}
        since = known.get("since") if known else self._first_day()
        if known.get("uidvalidity") != uidvalidity:
            return _Position(uidvalidity, since=since)
        retry = {int(uid): int(tries) for uid, tries in (known.get("retry") or {}).items()}
        last_uid = int(known.get("last_uid") or 0)
        return _Position(uidvalidity, last_uid, since, int(known.get("history_until") or last_uid), retry)

    def _first_day(self) -> str | None:
        days = int(self.config.setting("history_days", 30))
        return (desk_now() - timedelta(days=days)).date().isoformat() if days > 0 else None

    def _new_uids(self, session: Session) -> list[int]:
        """UIDs above `last_uid`. `n:*` includes the last mail even if its UID is below n (RFC 3501, 6.4.8), so the
        answer is filtered. Of the mails present at the first poll only recent ones are taken; a mail added to the
        folder later counts as new however old it is."""
        here = self.position
        new = [uid for uid in session.uids(f"UID {here.last_uid + 1}:*") if uid > here.last_uid]
        if here.history_until is None:
            here.history_until = max(new, default=0)
        if here.since and here.last_uid < here.history_until:
            year, month, day = here.since.split("-")
            bounds = f"UID {here.last_uid + 1}:{here.history_until} SINCE {int(day)}-{_MONTHS[int(month) - 1]}-{year}"
            young = set(session.uids(bounds))
            new = [uid for uid in new if uid > here.history_until or uid in young]
        if not new:
            here.last_uid = max(here.last_uid, here.history_until)
        return new

    def _pages(self, uids: list[int]) -> Iterator[tuple[list[Item], Json]]:
        """Asks for sizes first, so a page holds at most BATCH_BYTES plus one mail. UIDs the server no longer knows were
        deleted in the meantime."""
        chunks = _chunks(self._asked(lambda session: _known(session, uids)))
        for number, chunk in enumerate(chunks, start=1):
            items = self._items(chunk)
            self.position.last_uid = chunk[-1].uid if number < len(chunks) else uids[-1]
            yield items, self.position.as_json()
        if not chunks:
            self.position.last_uid = uids[-1]
            yield [], self.position.as_json()

    def _items(self, chunk: list[_Known]) -> list[Item]:
        """Fetches a chunk in one request, then whatever is missing mail by mail."""
        try:
            got = _bodies(self.session, chunk)
        except (OSError, imaplib.IMAP4.abort) as error:
            self._reconnect(error)
            got = {}
        except imaplib.IMAP4.error:
            got = {}
        items = (self._item(each, got[each.uid]) if each.uid in got else self._alone(each) for each in chunk)
        return [item for item in items if item is not None]

    def _alone(self, known: _Known) -> Item | None:
        """One mail: None if it is gone, a placeholder with the reason if it can't be fetched."""
        try:
            got = _bodies(self.session, [known])
            if known.uid in got:
                self.position.retry.pop(known.uid, None)
                return self._item(known, got[known.uid])
            if not _known(self.session, [known.uid]):
                self.position.retry.pop(known.uid, None)
                return None
            problem = "the server sends nothing for it"
        except (OSError, imaplib.IMAP4.abort) as error:
            self._reconnect(error)
            problem = "the connection breaks when it is fetched"
        except imaplib.IMAP4.error as error:
            problem = str(error)[:200]
        return self._placeholder(known, problem)

    def _tried_again(self) -> list[Item]:
        """Retry mails that earlier polls couldn't fetch. After MAX_TRIES, a mail stays in the inbox as failed, for a
        person."""
        waiting = {uid: tries for uid, tries in self.position.retry.items() if tries < MAX_TRIES}
        self.position.retry = waiting
        if not waiting:
            return []
        known = self._asked(lambda session: _known(session, list(waiting)))
        self.position.retry = {each.uid: waiting[each.uid] for each in known if each.uid in waiting}
        items = [self._alone(each) for each in known]
        return [item for item in items if item is not None and item.raw is not None]

    def _reconnect(self, error: Exception) -> None:
        self.reconnects += 1
        self._opened = self._session = None  # the socket is dead or mid-answer: no LOGOUT
        if self.reconnects > MAX_RECONNECTS:
            raise Transient(f"The IMAP server {self.server} keeps breaking the connection.") from error
        uidvalidity = self._asked(lambda session: session.open_folder(self.folder))
        if uidvalidity != self.position.uidvalidity:
            raise Transient(f"The folder {self.folder!r} was rebuilt while it was read.") from error

    def _payload(self, known: _Known) -> dict[str, Json]:
        about = {"folder": self.folder, "uid": known.uid, "uidvalidity": self.position.uidvalidity}
        return {**about, "internal_date": known.internal_date}

    def _item(self, known: _Known, raw: bytes) -> Item:
        payload = self._payload(known)
        if known.size > MAX_RAW_BYTES:
            payload |= {"truncated": True, "size": known.size}
        return Item(self._id(known), payload, raw)

    def _placeholder(self, known: _Known, problem: str) -> Item:
        self.position.retry[known.uid] = self.position.retry.get(known.uid, 0) + 1
        error = f"Mail {known.uid} in {self.folder} cannot be fetched: {problem}. The desk retries at later polls."
        return Item(self._id(known), {**self._payload(known), "error": error}, None)

    def _id(self, known: _Known) -> str:
        return f"{self.folder[:300]}/{self.position.uidvalidity}/{known.uid}"


def _known(session: Session, uids: list[int]) -> list[_Known]:
    """Size and date of each existing mail, by UID."""
    found = {}
    for metadata, _ in session.fetch(uids, "(UID RFC822.SIZE INTERNALDATE)"):
        uid, size, date = _UID.search(metadata), _SIZE.search(metadata), _DATE.search(metadata)
        if uid and size:
            at = read_date(date[1].decode("ascii", "replace")) if date else None
            found[int(uid[1])] = _Known(int(uid[1]), int(size[1]), at.isoformat() if at else None)
    return [found[uid] for uid in sorted(found) if uid in set(uids)]


def _bodies(session: Session, chunk: list[_Known]) -> dict[int, bytes]:
    """The mails' bytes, by UID; for a huge one (always alone in its chunk) only the beginning."""
    huge = len(chunk) == 1 and chunk[0].size > MAX_RAW_BYTES
    part = f"BODY.PEEK[]<0.{OVERSIZE_HEAD_BYTES}>" if huge else "BODY.PEEK[]"
    got = {}
    for metadata, literal in session.fetch([each.uid for each in chunk], f"(UID {part})"):
        uid = _UID.search(metadata)
        if uid and literal:
            got[int(uid[1])] = literal
    return got


def _chunks(known: list[_Known]) -> list[list[_Known]]:
    chunks: list[list[_Known]] = []
    total = 0
    for each in known:
        size = BATCH_BYTES + 1 if each.size > MAX_RAW_BYTES else each.size  # a huge one is requested separately
        total += size
        if not chunks or total > BATCH_BYTES:
            chunks.append([])
            total = size
        chunks[-1].append(each)
    return chunks
