"""Acts on a platform, by customers, the team and bystanders, and their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


class Impossible(Exception):
    """The act is impossible: no such post, no such account. The text says why."""


@dataclass
class Act:
    """Something somebody does on a platform, now or at `at` (epoch seconds).

    `verb`: post, edit, delete, retweet. `key` names the result, so a later act can refer to it with `parent="~key"`
    before its id is known; without ~ it is a platform id. `more`: fields specific to some platforms (title, url,
    subject, to, lang, attachments ...).
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
"""(seconds after the start, act), the first at 0."""
Signed = Callable[[str], tuple[bytes, Mapping[str, str]]]
"""Webhook secret → body and headers of one call."""


@dataclass(frozen=True)
class Access:
    """The settings for a desk's connection to this platform, by its adapter's field names.

    `channels`: address → (settings, secrets) of that channel. `personal`: team member's key → what this person enters
    to reply from their own account.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, tuple[Mapping[str, Any], Mapping[str, str]]] = field(default_factory=dict)
    personal: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
