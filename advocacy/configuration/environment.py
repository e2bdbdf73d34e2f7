"""Reads the environment using the table. Nothing is raised: a refused value is recorded with its remedy and replaced by
its default, so that startup can report everything at once (`advocacy.checks`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from advocacy.configuration.kinds import Refused
from advocacy.configuration.table import NEEDED, OTHER_NAMES, OTHER_PREFIXES, SETTINGS, Setting

PREFIX = "DESK_"
MAX_SHOWN = 80


@dataclass(frozen=True)
class Problem:
    """A refused value. `said` never contains a secret."""

    name: str
    said: str
    remedy: str


@dataclass(frozen=True)
class Unknown:
    """A variable with our prefix. `nearest`: the setting probably meant."""

    name: str
    nearest: str | None


@dataclass(frozen=True)
class Given(Mapping[str, Any]):
    """Name → value of every setting; a refused or missing one has its default, a missing required one None."""

    by_name: Mapping[str, Any]
    problems: Sequence[Problem] = field(default_factory=list)
    unknown: Sequence[Unknown] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)


def read(environ: Mapping[str, str], table: Sequence[Setting] = SETTINGS) -> Given:
    """All settings of `table` from `environ`. A variable that is set but empty counts as unset."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for setting in table:
        values[setting.name] = None if setting.is_needed else setting.default
        text = environ.get(setting.name, "").strip()
        if text:
            try:
                values[setting.name] = setting.kind.read(text)
            except Refused as refusal:
                problems.append(Problem(setting.name, _said(setting, text, str(refusal)), setting.help))
        elif setting.default is NEEDED:
            problems.append(Problem(setting.name, f"{setting.name} is not set.", setting.help))
    return Given(values, problems, unknown(environ, [setting.name for setting in table]))


def unknown(environ: Mapping[str, str], known: Sequence[str]) -> list[Unknown]:
    """Variables that start with DESK_ but aren't settings."""
    strangers = [
        name
        for name in sorted(environ)
        if name.startswith(PREFIX)
        and name not in known
        and name not in OTHER_NAMES
        and not name.startswith(OTHER_PREFIXES)
    ]
    return [Unknown(name, next(iter(get_close_matches(name, known, n=1, cutoff=0.85)), None)) for name in strangers]


def _said(setting: Setting, text: str, refusal: str) -> str:
    if setting.secret:
        return f"{setting.name} {refusal}."
    shown = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
    return f"{setting.name} {refusal}: {shown!r}."
