"""What a platform of the sandbox is, and the acts that are done on it by customers, the team and passers-by.

A platform where people talk in posts subclasses `sandbox.talk.Talk`, which knows what they say; this is the bare rest.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.wire.http import Response, Router, json_response
from sandbox.world import Member

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


Timed = list[tuple[float, Act]]
"""(seconds after the beginning, act), the first at 0."""
Signed = Callable[[str], tuple[bytes, Mapping[str, str]]]
"""From the webhook's secret to the body and the headers of one call."""


@dataclass(frozen=True)
class Access:
    """How a desk's connection to this platform must be filled in: by the names of its adapter's fields.

    `channels`: address → (settings, secrets) of that channel. `personal`: key of a team member → what this person
    enters to answer from their own account.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, tuple[Mapping[str, Any], Mapping[str, str]]] = field(default_factory=dict)
    personal: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Platform(ABC):
    """One platform. A module or package in `sandbox/platforms/` offers it as `PLATFORM`."""

    name = ""
    title: ClassVar[str] = ""
    """In the menu; empty: not there."""
    home: ClassVar[str] = "/"
    """Path of its first public page."""
    kinds: ClassVar[tuple[str, ...]] = ()
    """What may be posted here by a button; empty: nothing."""
    weight: ClassVar[int] = 0
    """How often something begins here by itself: so many times for every twenty on Twitter, Hacker News and by mail."""

    answers_come_back: ClassVar[bool] = True
    """Whether the desk sees what the team answers here; where it cannot, the past holds nothing that waits for it."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.store = universe.store

    @abstractmethod
    def register(self, router: Router) -> None:
        """Add API routes (with the platform's name, so that faults hit them) and public pages (without)."""

    @abstractmethod
    def perform(self, act: Act) -> Made:
        """Do it, durably. Raises Impossible."""

    @abstractmethod
    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """`mentions`: what a perfect desk has stored. `optional`: what it may have stored (deleted since, no mention by
        itself but in a conversation with us), each with a `reason`. `ours`: written by the team on the platform.
        `desk`: what the desk posted through the API, in order, with what proves that it came once."""

    def opening(self, random_: random.Random, key: str, *, kind: str = "", to: str = "", author: str = "") -> Timed:
        """Something that somebody begins here, with what happens around it. Raises Impossible where nobody does."""
        raise Impossible(f"nothing begins on {self.name}")

    def answer(self, random_: random.Random, act: Act, key: str) -> Act:
        """What the team answers to `act`, on the platform itself."""
        raise Impossible(f"nobody answers on {self.name}")

    def follow_up(self, random_: random.Random, act: Act, *, parent: str, key: str) -> Act:
        """What the author of `act` says to an answer."""
        raise Impossible(f"nobody asks on {self.name}")

    def account(self, member: Member) -> str | None:
        """The account of a team member here; None: they have none."""
        return {"twitter": member.twitter, "hackernews": member.hackernews}.get(self.name, member.key)

    def access(self) -> Access:
        """With addresses that begin with `self.universe.public_url`."""
        return Access()

    def tell(self, signed: Signed) -> None:
        """Call the webhook that was set for this platform, if any, once the running transaction is on disk."""
        self.universe.webhooks.call(self.name, signed)

    def overrun(self) -> None:
        """A request came although the quota is used up: to be called beside a refusal that is no 429, which is counted
        by itself."""
        self.universe.overruns[self.name] = self.universe.overruns.get(self.name, 0) + 1

    def counts(self) -> dict[str, int]:
        return {}

    def refusal(self, kind: str) -> Response:
        """The platform's own words for 429, 500 and expired (a token that is no longer valid)."""
        status = {"429": 429, "500": 500, "expired": 401}[kind]
        return json_response({"error": kind}, status)

    def start(self) -> None:  # noqa: B027 - most have none
        """Open sockets beside HTTP, if there are any."""

    def stop(self) -> None: ...  # noqa: B027
