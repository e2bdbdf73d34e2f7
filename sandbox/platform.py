"""What a platform of the sandbox is, and the acts that are done on it by customers, the team and passers-by."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.http import Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.universe import Universe


class Impossible(Exception):
    """The act cannot be done: no such post, no such account. The text says why."""


@dataclass
class Act:
    """Something somebody does on a platform, now or at `at` (epoch seconds).

    `verb`: post, edit, delete, retweet. `key` names what comes of it, so that a later act can point at it with
    `parent="~key"` before its id is known; without ~ it is a platform's id. `more`: what only some platforms know
    (title, url, subject, to, lang, attachments ...).
    """

    platform: str
    verb: str
    author: str
    text: str = ""
    at: float | None = None
    key: str = ""
    parent: str = ""
    kind: str = ""
    by_team: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def as_doc(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Made:
    id: str
    url: str


class Platform:
    """One platform. A module or package in `sandbox/platforms/` offers it as `PLATFORM`."""

    name = ""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.store = universe.store

    def register(self, router: Router) -> None:
        """Add API routes (with the platform's name, so that faults hit them) and public pages (without)."""
        raise NotImplementedError

    def perform(self, act: Act) -> Made:
        """Do it, durably. Raises Impossible."""
        raise NotImplementedError

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """`mentions`: what a perfect desk has stored. `optional`: what it may have stored (deleted since, no mention by
        itself but in a conversation with us), each with a `reason`. `ours`: written by the team on the platform.
        `desk`: what the desk posted through the API, in order, with what proves that it came once."""
        raise NotImplementedError

    def counts(self) -> dict[str, int]:
        return {}

    def refusal(self, kind: str) -> Response:
        """The platform's own words for 429, 500 and expired (a token that is no longer valid)."""
        status = {"429": 429, "500": 500, "expired": 401}[kind]
        return json_response({"error": kind}, status)

    def start(self) -> None:
        """Open sockets beside HTTP, if there are any."""

    def stop(self) -> None: ...
