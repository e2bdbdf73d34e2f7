"""Summarises a person's accounts: the name they use nearly everywhere, and the exceptions. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

MAIL = "email"


@dataclass(frozen=True, slots=True)
class Usual:
    """`handle`: used on all of `namespaces`; "" if no two accounts agree. `others`: (namespace, handle) of the rest."""

    handle: str
    namespaces: tuple[str, ...]
    others: tuple[tuple[str, str], ...]


def of(accounts: Iterable[tuple[str, str]], slack_handle: str = "") -> Usual:
    """`accounts`: (namespace, handle). The Slack handle counts as an account; a mail address is never the rule."""
    pairs = sorted((namespace, handle.removeprefix("@")) for namespace, handle in accounts)
    counted = Counter(handle.lower() for namespace, handle in pairs if namespace != MAIL)
    if slack := slack_handle.removeprefix("@").lower():
        counted[slack] += 1
    rule, count = min(counted.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    same = [(namespace, handle) for namespace, handle in pairs if handle.lower() == rule and namespace != MAIL]
    if count < 2 or not same:
        return Usual("", (), tuple(pairs))
    return Usual(same[0][1], tuple(namespace for namespace, _handle in same), tuple(p for p in pairs if p not in same))
