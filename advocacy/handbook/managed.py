"""Finds, reads and writes each kind of preset row. `loading` decides what to do with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model

from channels.models import Channel, Connection, Lookup
from experts.models import FeedbackRule, Topic
from mentions.models import Macro, PresetRecord, SwagRule, Tag, View
from team.models import Contact, CoverageHours, Expertise, MeetingRule, ReleaseRule, UrgentRule

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """`natural`: columns that identify a row not made by a preset, tried in order. `nested`: columns managed key by
    key, so that an admin may change one setting and the preset another. `many`: columns that name several
    other rows, in alphabetical order."""

    name: str
    model: type[Model]
    natural: tuple[str, ...]
    nested: frozenset[str] = frozenset()
    many: frozenset[str] = frozenset()
    read: Callable[[Any, str], Any] = getattr
    prepare: Callable[[Values], Values] = dict

    def by_id(self, pk: int | None) -> Any:
        return self.model._default_manager.filter(pk=pk).first() if pk else None

    def by_nature(self, values: Mapping[str, Any]) -> Any:
        rows = self.model._default_manager
        found = (rows.filter(**{f"{column}__iexact": values[column]}).first() for column in self.natural)
        return next((row for row in found if row is not None), None)


class NoConnection(LookupError):
    """The row's parent does not exist (any more): the channel's connection, all of the rule's channels."""


def _connected_value(row: Channel | Lookup, name: str) -> Any:
    """A connection is identified by the preset's key, since an admin may rename it."""
    if name != "connection":
        return getattr(row, name)
    known = PresetRecord.objects.filter(kind="connection", object_id=row.connection_id)
    return known.values_list("key", flat=True).first() or ""


def _connected_columns(values: Values) -> Values:
    """Raises NoConnection. A lookup may have none."""
    if "connection" not in values:
        return values
    if values["connection"] == "":
        return {**values, "connection": None}
    known = PresetRecord.objects.filter(kind="connection", key=values["connection"])
    connection = Connection.objects.filter(pk__in=known.values("object_id")).first()
    if connection is None:
        raise NoConnection(values["connection"])
    return {**values, "connection": connection}


def _topic_value(topic: Topic, name: str) -> Any:
    """Other topics are named by their slugs."""
    value = getattr(topic, name)
    return value.slug if isinstance(value, Topic) else "" if value is None else value


def _topic_columns(values: Values) -> Values:
    named: Values = {
        name: Topic.objects.filter(slug=values[name]).first() for name in ("parent", "fallback") if name in values
    }
    return {"keywords": [], "slack_mention": "", **values, **named} if "slug" in values else {**values, **named}


def _macro_value(row: SwagRule, name: str) -> Any:
    """Macros are identified by name."""
    value = getattr(row, name)
    return value.name if isinstance(value, Macro) else "" if value is None else value


def _macro_columns(values: Values) -> Values:
    return {**values, "macro": Macro.objects.filter(name=values["macro"]).first()} if "macro" in values else values


def _clock_value(row: Any, name: str) -> Any:
    """Times of day as text."""
    value = getattr(row, name)
    return f"{value:%H:%M}" if isinstance(value, time) else value


def _rule_value(rule: UrgentRule, name: str) -> Any:
    """Channels are named by their keys, since an admin may rename them."""
    if name != "channels":
        return getattr(rule, name)
    known = PresetRecord.objects.filter(kind="channel", object_id__in=rule.channels.values("pk"))
    return sorted(known.values_list("key", flat=True))


def _rule_columns(values: Values) -> Values:
    """Raises NoConnection where no channel is left: a rule without channels applies to all."""
    if "channels" not in values:
        return values
    known = PresetRecord.objects.filter(kind="channel", key__in=values["channels"])
    channels = list(Channel.objects.filter(pk__in=known.values("object_id")))
    if values["channels"] and not channels:
        raise NoConnection(", ".join(values["channels"]))
    return {**values, "channels": channels}


_SETTINGS = frozenset({"settings"})
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("role", Group, ("name",)),
        Kind("tag", Tag, ("name",)),
        Kind("macro", Macro, ("name",)),
        Kind("topic", Topic, ("slug",), read=_topic_value, prepare=_topic_columns),
        Kind("connection", Connection, ("name",), frozenset({"settings"})),
        Kind("channel", Channel, ("slug", "name"), _SETTINGS, read=_connected_value, prepare=_connected_columns),
        Kind("lookup", Lookup, ("name",), _SETTINGS, read=_connected_value, prepare=_connected_columns),
        Kind("view", View, ("slug",)),
        Kind("urgent rule", UrgentRule, ("name",), frozenset(), frozenset({"channels"}), _rule_value, _rule_columns),
        Kind("swag rule", SwagRule, ("name",), read=_macro_value, prepare=_macro_columns),
        Kind("feedback rule", FeedbackRule, ("name",), read=_clock_value),
        Kind("contact", Contact, ("name",)),
        Kind("expertise", Expertise, ("name",)),
        Kind("meeting rule", MeetingRule, ("name",), read=_clock_value),
        Kind("release rule", ReleaseRule, ("name",), read=_clock_value),
        Kind("coverage hour", CoverageHours, (), read=_clock_value),
    )
}
