"""Makes a function's arguments from its annotations, with one text for every argument that takes text. Values of other
types are as simple as possible. Raises `CannotMake` with the reason if it can't.
"""

from __future__ import annotations

import collections.abc
import enum
import inspect
import re
import types
import typing
import uuid
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db import models
from django.http import QueryDict

from channels.adapters.email.mime.headers import Headers
from channels.adapters.email.mime.mime import Part
from channels.adapters.feed.documents import FeedDocument
from channels.contract import Adapter, Config, Network
from channels.queries.matching import Query, parse
from channels.web_pages.page_markup import Markup

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DEEPEST = 6
MANY = 64
"""A list is filled with pieces of so many characters when it is to be long."""


class CannotMake(Exception):
    """The annotation doesn't say how to make a value."""


class EveryKey(dict[str, Any]):
    """A JSON object that has every key."""

    def __init__(self, value: Any) -> None:
        super().__init__(a=value, text=value, html=value, url=value, id="1")
        self.value = value

    def __missing__(self, key: str) -> Any:
        return self.value

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, self.value)

    def __contains__(self, key: object) -> bool:
        return True


_FROM_ADMINS: dict[str, Any] = {"phrases": ("Acme",), "secrets": ("hunter22",), "own": frozenset(("acme",))}
"""Parameters that hold settings: short, and not from outside."""


@cache
def hints_of(subject: Any) -> dict[str, Any]:
    """Annotations as types. Raises CannotMake for a name that only a type checker knows."""
    try:
        return typing.get_type_hints(subject)
    except (NameError, TypeError) as error:
        raise CannotMake(str(error)) from error


@cache
def _parameters_of(function: Callable[..., object]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


class Maker:
    """Makes values that contain `text`. `many`: lists of short pieces instead of one long text; `json`: whether untyped
    JSON is a text or an object. `adapter` and `config`: those of the function's platform."""

    def __init__(self, text: str, *, many: bool, json: str, adapter: Adapter | None, config: Config) -> None:
        self.text, self.many, self.json = text, many, json
        self.adapter, self.config = adapter, config
        self.used = False
        """Whether the text went anywhere."""

    def arguments(self, function: Callable[..., object]) -> dict[str, Any]:
        """Every parameter that is required or can hold text. Raises CannotMake."""
        made: dict[str, Any] = {}
        hints, parameters = hints_of(function), _parameters_of(function)
        for name, parameter in parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or name == "self":
                continue
            try:
                made[name] = _FROM_ADMINS[name] if name in _FROM_ADMINS else self.value(hints.get(name, Any), 0)
            except CannotMake:
                if parameter.default is parameter.empty:
                    raise
        return made

    def value(self, kind: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise CannotMake(f"{kind} is nested too deeply")
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Annotated, typing.ClassVar, typing.Final):
            return self.value(inside[0], depth)
        if origin is typing.Literal:
            return inside[0]
        if origin in (typing.Union, types.UnionType):
            return self._one_of(inside, depth)
        if origin is not None:
            return self._container(origin, inside, depth)
        if isinstance(kind, typing.TypeVar):
            return self.value(kind.__bound__ or str, depth)
        if kind in (Any, object):
            return self._json()
        return self._plain(kind, depth)

    def _json(self) -> Any:
        self.used = True
        return self.text if self.json == "text" else EveryKey(self.text)

    def _one_of(self, kinds: tuple[Any, ...], depth: int) -> Any:
        """Text if that is one of the types."""
        for kind in sorted(kinds, key=lambda each: each is not str):
            if kind is not types.NoneType:
                try:
                    return self.value(kind, depth)
                except CannotMake:
                    continue
        if types.NoneType in kinds:
            return None
        raise CannotMake(f"none of {kinds}")

    def _container(self, origin: Any, inside: tuple[Any, ...], depth: int) -> Any:
        if origin is type:
            return inside[0]
        if origin is re.Pattern:
            return re.compile(r"(?<!\w)acme\s+desk(?!\w)")
        if origin is collections.abc.Callable:
            return lambda *args, **kwargs: self.text
        if issubclass(origin, collections.abc.Mapping):
            key, value = (*inside, int) if len(inside) == 1 else inside or (str, Any)  # a Counter has only a key type
            if value is Any and key is str:
                self.used = True
                return EveryKey(self.text)
            return {each: self.value(value, depth + 1) for each in self._several(key, depth)}
        if origin is tuple and not (len(inside) == 2 and inside[1] is Ellipsis):
            return tuple(self.value(each, depth + 1) for each in inside)
        pieces = self._several(inside[0] if inside else str, depth)
        if issubclass(origin, collections.abc.Iterator):
            return iter(pieces)
        made = {set: set, frozenset: frozenset, tuple: tuple}.get(origin, list)
        if issubclass(origin, models.QuerySet):
            raise CannotMake("a query")
        return made(pieces)

    def _several(self, kind: Any, depth: int) -> list[Any]:
        if not self.many or depth:
            return [self.value(kind, depth + 1)]
        if kind in (int, float, bool):
            return list(range(max(1, len(self.text) // MANY)))
        whole, pieces = self.text, []
        for at in range(0, len(whole), MANY):
            self.text = f"{at}{whole[at : at + MANY]}"
            pieces.append(self.value(kind, depth + 1))
        self.text = whole
        return pieces or [self.value(kind, depth + 1)]

    def _plain(self, kind: Any, depth: int) -> Any:
        if kind is str:
            self.used = True
            return self.text
        if kind in (bytes, bytearray, memoryview):
            self.used = True
            return kind(self.text.encode("utf-8", "surrogatepass"))
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if kind is Config:
            return self.config
        if kind in (dict, collections.abc.Mapping):
            self.used = True
            return EveryKey(self.text)
        if kind in (list, tuple, set, frozenset):
            return kind([self.value(str, depth + 1)])
        if kind is Adapter and self.adapter is not None:
            return self.adapter
        if kind in _READ:
            self.used = True
            return _READ[kind](self.text)
        if not inspect.isclass(kind) or inspect.isabstract(kind):
            raise CannotMake(f"{kind} is no class of values")
        return self._object(kind, depth)

    def _object(self, kind: type, depth: int) -> Any:
        if issubclass(kind, enum.Enum):
            return next(iter(kind))
        if issubclass(kind, models.Model):
            return self._row(kind)
        if issubclass(kind, QueryDict):
            return QueryDict(urlencode({"q": self.value(str, depth + 1), "tag": self.value(str, depth + 1)}))
        if is_dataclass(kind):
            hints = hints_of(kind)
            return kind(**dict(self._filled(kind, hints, depth)))
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            hints = hints_of(kind)
            return kind(*(self.value(hints[name], depth + 1) for name in kind._fields))
        if issubclass(kind, Exception):
            named = list(inspect.signature(kind.__init__).parameters.values())[1:]
            needed = [p for p in named if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
            return kind(*[self.text] * max(1, len(needed)))
        raise CannotMake(f"{kind.__module__}.{kind.__qualname__}")

    def _filled(self, kind: type, hints: dict[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
        for each in fields(kind):  # type: ignore[arg-type]
            if not each.init:
                continue
            try:
                yield each.name, self.value(hints[each.name], depth + 1)
            except CannotMake:
                if each.default is MISSING and each.default_factory is MISSING:
                    raise

    def _row(self, kind: type[models.Model]) -> models.Model:
        """An unsaved row with the text in all of its text and JSON columns."""
        self.used = True
        values: dict[str, Any] = {}
        for each in kind._meta.concrete_fields:
            if isinstance(each, models.CharField | models.TextField) and not each.choices:
                values[each.attname] = self.text
            elif isinstance(each, models.JSONField):
                values[each.attname] = EveryKey(self.text)
            elif isinstance(each, models.DateTimeField):
                values[each.attname] = NOW
            elif isinstance(each, models.IntegerField | models.AutoField | models.ForeignKey):
                values[each.attname] = 1
        if kind._meta.abstract:
            raise CannotMake(f"{kind} has no rows of its own")
        return kind(**values)


_SIMPLE: dict[Any, Any] = {
    int: 1,
    float: 1.0,
    bool: True,
    types.NoneType: None,
    datetime: NOW,
    date: NOW.date(),
    time: NOW.time(),
    timedelta: timedelta(hours=1),
    tzinfo: UTC,
    uuid.UUID: uuid.UUID(int=1),
    ZoneInfo: ZoneInfo("UTC"),
    Network: Network(),
    Query: parse('acme "the desk" (author:acme* OR site:acme.example) -title:job* case:Acme'),
}


def _headers(text: str) -> Headers:
    names = ("from", "to", "subject", "date", "received", "content-type", "references", "authentication-results")
    headers = Headers()
    for name in names:
        headers.add(name, text.encode("utf-8", "surrogatepass"))
    return headers


def _part(text: str) -> Part:
    data = text.encode("utf-8", "surrogatepass")
    return Part(_headers(text), data, "text/plain", {"charset": "utf-8", "format": "flowed"})


def _feed(text: str) -> FeedDocument:
    """The feed's address, as entered by an admin."""
    return FeedDocument(text.encode("utf-8", "surrogatepass"), "https://acme.example/feed.xml")


_READ: dict[Any, Callable[[str], Any]] = {Headers: _headers, Part: _part, Markup: Markup, FeedDocument: _feed}
