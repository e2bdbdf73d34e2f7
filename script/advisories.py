"""`script/advisories`: does the package index know of an advisory for any package of requirements.lock?

Ends with 0: none; 1: some, which are listed; 2: the index could not be asked about all of them, so nothing is known.
It asks the index that pip uses, in the form of https://docs.pypi.org/api/json/; an index without it gives 2.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from lockfile import Locked, locked, normal

NONE, SOME, UNKNOWN = 0, 1, 2
TIMEOUT_S = 20


class Unanswered(Exception):
    """The index did not say."""


@dataclass(frozen=True)
class Advisory:
    package: Locked
    id: str
    summary: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        fix = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "no fix yet"
        return f"{self.package.name} {self.package.version}: {self.id}, {fix}. {self.summary}"


def index() -> str:
    """The root of the index that pip uses."""
    url = os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    return url.rstrip("/").removesuffix("/simple")


def ask(package: Locked) -> Any:
    """The index's JSON about this version. Raises Unanswered."""
    url = f"{index()}/pypi/{normal(package.name)}/{package.version}/json"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 (the index that pip trusts)
            return json.load(answer)
    except (OSError, ValueError, HTTPException) as error:
        raise Unanswered(f"{package.name}: {error}") from error


def advisories_of(package: Locked, about: Any) -> list[Advisory]:
    """Those that were not withdrawn. Raises Unanswered when the index does not tell advisories at all."""
    known = about.get("vulnerabilities") if isinstance(about, dict) else None
    if not isinstance(known, list) or not all(isinstance(each, dict) for each in known):
        raise Unanswered(f"{package.name}: this index tells no advisories")
    return [
        Advisory(package, str(each.get("id")), str(each.get("summary") or ""), tuple(each.get("fixed_in") or ()))
        for each in known
        if not each.get("withdrawn")
    ]


def check(packages: list[Locked], ask: Callable[[Locked], Any], say: Callable[[str], None]) -> int:
    found: list[Advisory] = []
    for number, package in enumerate(packages):
        try:
            found += advisories_of(package, ask(package))
        except Unanswered as reason:
            say(f"Nothing is known: {number} of {len(packages)} packages were asked about, then {reason}.")
            for each in found:
                say(str(each))
            return UNKNOWN
    for each in found:
        say(str(each))
    say(f"{len(packages)} packages, {len(found)} known advisories.")
    return SOME if found else NONE


if __name__ == "__main__":
    sys.exit(check(locked(), ask, print))
