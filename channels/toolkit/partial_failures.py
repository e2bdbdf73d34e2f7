"""Lets single parts of a connection (feeds, rooms, handles, forums, projects) fail without the others.

A failing part doesn't block the others. It is reported as text (`Page.trouble`) and retried by every poll. The poll
fails, with the typed error, only if no part could be read. An adapter iterates over its parts like this and keeps
`to_json()` in every page's cursor:

    parts = Parts(names, kept.get("parts"))
    for name in parts:
        with parts.reading(name):
            for items, reached in …:
                marks[name] = reached
                yield Page(items, cursor())
    yield from parts.end(cursor())

A part's progress must enter the cursor only together with the page that holds its items: pages of other parts, stored
after its failure, use the same cursor.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from channels.clocks import desk_now
from channels.contract import Json, Page
from channels.errors import AuthFailed, ChannelError, Malformed, RateLimited, Rejected, Transient

LOST_S = 20.0
"""Seconds that failing parts may cost one poll (each may cost a timeout); the next poll starts after them."""
SOON_S = 3600
"""Seconds during which a failing part is retried soon; after that, at the usual interval."""
MAX_LISTED = 3
Trouble = tuple[str, ChannelError]


class NotForThis(AuthFailed):
    """The credentials are rejected for this part; they may work for others."""


class Parts:
    """One pass over the parts, starting where the last poll stopped.

    `apart`: each part is a separate server, so rejected credentials and rate limits concern it alone. Otherwise
    RateLimited and AuthFailed (except NotForThis) end the poll at once.
    """

    def __init__(self, names: Iterable[str], kept: Json = None, *, apart: bool = False) -> None:
        state = kept if isinstance(kept, dict) else {}
        down = state.get("down")
        self.names = list(dict.fromkeys(names))
        self.read: list[str] = []
        self._turn = str(state.get("turn") or "")
        self._down = {n: at for n, at in down.items() if n in self.names} if isinstance(down, dict) else {}
        self._before = self.to_json()
        self._closed: list[Trouble] = []
        self._failed: list[Trouble] = []
        self._ours = (Rejected, AuthFailed) if apart else (Rejected, NotForThis)
        self._is_apart = apart
        self._lost_s = 0.0

    def __iter__(self) -> Iterator[str]:
        start = self.names.index(self._turn) if self._turn in self.names else 0
        in_turn = self.names[start:] + self.names[:start]
        for number, name in enumerate(in_turn, 1):
            if self._lost_s >= LOST_S:
                self._turn = name
                return
            self._turn = name if number < len(in_turn) else ""
            yield name

    @contextmanager
    def reading(self, name: str, shown: str | None = None) -> Iterator[None]:
        """Collects this part's errors for `end`. `shown`: its label for admins, by default its name; "" if the errors
        name it themselves."""
        started = time.monotonic()
        shown = name if shown is None else shown
        try:
            yield
        except self._ours as error:
            self._closed.append((shown, error))
        except (Transient, Malformed) as error:
            if isinstance(error, RateLimited) and not self._is_apart:
                raise
            self._failed.append((shown, error))
            if not isinstance(error, RateLimited):
                self._down.setdefault(name, int(desk_now().timestamp()))
            self._lost_s += time.monotonic() - started
            return
        else:
            self.read.append(name)
        self._down.pop(name, None)

    def to_json(self) -> dict[str, Json]:
        """`turn`: the part to start with. `down`: since when (epoch seconds) each part has been failing."""
        return {"turn": self._turn, "down": dict(self._down)}

    def end(self, cursor: Json) -> Iterator[Page]:
        """The collected trouble, as a page; `cursor`: the state after the last part. Raises if no part was read."""
        troubles = [*self._failed, *self._closed]
        if troubles and not self.read:
            if self._lost_s >= LOST_S:
                yield Page((), cursor)  # an empty page stores the turn, so the next poll starts with the other parts
            raise _all_of(troubles)
        soon = any(desk_now().timestamp() - at < SOON_S for at in self._down.values())
        if troubles or self._down != self._before["down"] or self._lost_s >= LOST_S:
            yield Page((), cursor, trouble=_words(troubles), again_soon=soon)

    def require_all(self) -> None:
        """Raises if any part failed, for a connection's check."""
        if troubles := [*self._failed, *self._closed]:
            raise _all_of(troubles)


def _words(troubles: list[Trouble]) -> str:
    lines = list(dict.fromkeys(f"{label}: {error}" if label else str(error) for label, error in troubles))
    omitted = f" And {len(lines) - MAX_LISTED} more." if len(lines) > MAX_LISTED else ""
    return " ".join(lines[:MAX_LISTED]) + omitted


def _all_of(troubles: list[Trouble]) -> ChannelError:
    """One error for all: of a transient kind, if there is one."""
    words, errors = _words(troubles), [error for _, error in troubles]
    if len(troubles) == 1 and not troubles[0][0]:
        return errors[0]
    rates = [error for error in errors if isinstance(error, RateLimited)]
    passing = [e for e in errors if isinstance(e, Transient) and not isinstance(e, RateLimited)]
    if passing:
        return Transient(words, max((e.retry_after_s for e in passing if e.retry_after_s), default=None))
    if any(isinstance(error, Malformed) for error in errors):
        return Malformed(words)
    if rates:
        until = min((e.until for e in rates if e.until), default=None)
        return RateLimited(words, until, min((e.retry_after_s for e in rates if e.retry_after_s), default=None))
    return AuthFailed(words) if any(isinstance(error, AuthFailed) for error in errors) else Rejected(words)
