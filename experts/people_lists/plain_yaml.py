"""Reads YAML from an untrusted server: lists, mappings and texts; no tags, aliases or deep nesting. Pure.

By events: PyYAML's composer follows the nesting by recursion, and the one in C crashes the process at some thousand
levels; with aliases a page of a few hundred bytes holds gigabytes; tags name types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

MAX_DEPTH = 20
_NULLS = ("", "~", "null", "Null", "NULL")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Container = list[Any] | dict[str, Any]


class NotPlain(ValueError):
    """Why the text cannot be read."""


def read(text: str) -> Any:
    """Lists, mappings with text keys, and texts; None for nothing. Raises NotPlain."""
    try:
        return _first(_events(text))
    except yaml.YAMLError as error:
        raise NotPlain(str(error)) from error


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_Loader)


def _first(events: Iterator[Any]) -> Any:
    """The first document."""
    top: list[Any] = []
    open_ones: list[Container] = [top]
    keys: list[str | None] = [None]
    for event in events:
        match event:
            case yaml.DocumentEndEvent():
                break
            case yaml.AliasEvent():
                raise NotPlain(_("aliases (*name) are not read"))
            case yaml.ScalarEvent():
                _put(open_ones[-1], keys, _scalar(event))
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                if len(open_ones) > MAX_DEPTH:
                    raise NotPlain(_("it is nested too deeply"))
                made: Container = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                _put(open_ones[-1], keys, made)
                open_ones.append(made)
                keys.append(None)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                open_ones.pop()
                keys.pop()
    return top[0] if top else None


def not_deep(document: Any) -> Any:
    """The document as it is, also one that came as JSON. Raises NotPlain for more than MAX_DEPTH levels."""
    level = [document]
    for _depth in range(MAX_DEPTH + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return document
    raise NotPlain(_("it is nested too deeply"))


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _scalar(event: Any) -> str | None:
    return None if not event.style and event.value in _NULLS else str(event.value)


def _put(container: Container, keys: list[str | None], value: Any) -> None:
    """Put a value into a list or mapping; in a mapping, keys and values take turns."""
    if isinstance(container, list):
        container.append(value)
    elif keys[-1] is None:
        if not isinstance(value, str):
            raise NotPlain(_("a key is not a text"))
        keys[-1] = value
    else:
        container[keys[-1]] = value
        keys[-1] = None
