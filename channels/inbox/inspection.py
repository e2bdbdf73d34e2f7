"""Parses recorded payloads without a database, each file within a time budget, for `inspect_payload`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from channels.contract import Adapter, Config, Json
from channels.parsing import files, reader
from channels.registry.fields import cleaned

BESIDE_SETTINGS = ("addresses", "own", "channel_settings")
"""Keys of --settings that belong to the connection's channels, not to the connection."""


@dataclass(slots=True)
class Inspection:
    """A file's problems; empty if every document and item was parsed."""

    problems: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The first problem, on one line, and how many more there are."""
        first = " ".join(self.problems[0].split()) or _("it cannot be read")
        if len(self.problems) == 1:
            return first
        return _("%(first)s (and %(count)d more problems)") % {"first": first, "count": len(self.problems) - 1}


def config_from(adapter: Adapter, given: Mapping[str, Json]) -> Config:
    """A config from --settings: {"phrases": […], …, "addresses": […], "own": […], "channel_settings": {…}}.

    Raises InvalidSettings, ValueError.
    """
    values = dict(given)
    addresses, own_accounts = (_names(name, values.pop(name, [])) for name in ("addresses", "own"))
    channel_settings = values.pop("channel_settings", {})
    if not isinstance(channel_settings, dict) or not all(isinstance(v, dict) for v in channel_settings.values()):
        raise ValueError(_("channel_settings must map addresses to objects."))
    return Config(
        settings=cleaned(adapter.fields, values, complete=False),
        addresses=addresses,
        own=frozenset(own_accounts) | frozenset(addresses),
        channel_settings=channel_settings,
    )


def records(adapter: Adapter, path: Path, config: Config, result: Inspection) -> Iterator[str]:
    """A JSON line per mention of a file; failures are added to `result` and don't stop the rest."""
    try:
        data = path.read_bytes()
    except OSError as error:
        result.problems.append(_("cannot be read: %(why)s") % {"why": error.strerror or type(error).__name__})
        return
    lines, problems = reader.read_file(adapter, config, data)
    result.problems += [_words(problem) for problem in problems]
    yield from lines


def _words(problem: str) -> str:
    """The adapter's message; any other exception is a parser bug that the admin should report."""
    if not problem.startswith(files.BUG):
        return problem
    message = _("the parser failed; please report it with this file: %(what)s")
    return message % {"what": problem.removeprefix(files.BUG)}


def _names(key: str, value: Json) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(_("%(key)s must be a list of strings.") % {"key": key})
    return tuple(name.strip().lower().removeprefix("@") for name in value)
