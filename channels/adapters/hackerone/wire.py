"""HackerOne wire format: JSON:API documents of reports and activities. Pure.

Reports: https://api.hackerone.com/customer-resources/#reports · Objects:
https://api.hackerone.com/customer-reference/#activity · All ids are strings. An error body is `{"errors": […]}`, which
may also be under `data` with status 200.

An item's payload is `{"kind": "report" | "activity", …}`; an activity carries the report data it needs, including its
author and participants: a report is private, and they tell the team from the researcher.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from channels.contract import Config, Document, Item, Json
from channels.errors import Malformed
from channels.toolkit.values import object_of, objects_of, value_at

API = "https://api.hackerone.com/v1"
WEB = "https://hackerone.com"
_GUESTS = frozenset(("activity-external-user-joined", "activity-external-user-invited", "activity-collaborator-added"))
_GUEST_ROLES = ("external_user", "invited_user", "collaborator", "user")


def split(document: Document, config: Config) -> list[Item]:
    """Reports with their activities, or activities alone; users, programs and swag hold no mentions."""
    if not isinstance(document, dict):
        raise Malformed("Not a HackerOne document.")
    if said := error_line(document):
        raise Malformed(f"HackerOne returned an error: {said}")
    data = document if "type" in document and "attributes" in document else document.get("data")
    if not isinstance(data, dict | list):
        raise Malformed("Not a HackerOne document: no data.")
    found: dict[str, Item] = {}
    for entry in data if isinstance(data, list) else [data]:
        if not isinstance(entry, dict):
            raise Malformed("Not a HackerOne document: an entry is not an object.")
        found |= {item.external_id: item for item in _items(entry)}
    return list(found.values())


def error_line(document: Mapping[str, Any]) -> str:
    """The error messages in a body; "" if there are none."""
    first = next(iter(errors_of(document)), None)
    if first is None:
        return ""
    parts = [str(first[key]) for key in ("title", "detail") if first.get(key)]
    return " ".join(". ".join(dict.fromkeys(parts)).split())[:200] or f"status {first.get('status')}"


def errors_of(document: Json) -> list[dict[str, Any]]:
    """The error objects of a body, at the top level or under `data`."""
    if not isinstance(document, dict):
        return []
    return objects_of(document.get("errors") or value_at(document, "data", "errors"))


def _items(entry: Mapping[str, Any]) -> list[Item]:
    kind = str(entry.get("type") or "")
    if kind == "report":
        return report_items(entry)
    if kind.startswith("activity-"):
        return [_activity_item(entry, {"id": attributes(entry).get("report_id")})]
    if not kind:
        raise Malformed("Not a HackerOne document: an entry has no type.")
    return []


def report_items(report: Mapping[str, Any]) -> list[Item]:
    """The report, then its activities, oldest first. Internal activities aren't even stored."""
    number = identity(report.get("id"))
    if number is None:
        raise Malformed("A report has no id.")
    above = _of_report(report, number)
    activities = [a for a in related_list(report, "activities") if str(a.get("type") or "").startswith("activity-")]
    above["guests"] = _guests(activities)
    items = [Item(number, {"kind": "report", "report": {**above, **_content(report)}})]
    shown = [activity for activity in activities if attributes(activity).get("internal") is not True]
    shown.sort(key=lambda activity: str(attributes(activity).get("created_at") or ""))
    return items + [_activity_item(activity, above) for activity in shown]


def _of_report(report: Mapping[str, Any], number: str) -> dict[str, Json]:
    """The report data an activity needs to be read on its own."""
    program, reporter = related(report, "program"), related(report, "reporter")
    return {
        "id": number,
        "title": attributes(report).get("title"),
        "state": attributes(report).get("state"),
        "program": attributes(program).get("handle"),
        "reporter": identity(reporter.get("id")),
    }


def _content(report: Mapping[str, Any]) -> dict[str, Json]:
    known = attributes(report)
    severity, weakness = related(report, "severity"), related(report, "weakness")
    files = [attributes(file).get("file_name") for file in related_list(report, "attachments")]
    return {
        "text": known.get("vulnerability_information"),
        "impact": known.get("impact"),
        "created_at": known.get("created_at"),
        "triaged_at": known.get("triaged_at"),
        "closed_at": known.get("closed_at"),
        "disclosed_at": known.get("disclosed_at"),
        "severity": attributes(severity).get("rating"),
        "weakness": attributes(weakness).get("name"),
        "files": [name for name in files if name],
        "author": _person(related(report, "reporter")),
    }


def _activity_item(activity: Mapping[str, Any], report: Mapping[str, Any]) -> Item:
    number = identity(activity.get("id"))
    if number is None:
        raise Malformed("An activity has no id.")
    known = attributes(activity)
    kept = {
        "type": str(activity.get("type") or ""),
        "text": known.get("message"),
        "internal": known.get("internal") is True,
        "automated": known.get("automated_response") is True,
        "created_at": known.get("created_at"),
        "updated_at": known.get("updated_at"),
        "amount": known.get("bounty_amount"),
        "author": _person(related(activity, "actor")),
        "files": [attributes(file).get("file_name") for file in related_list(activity, "attachments")],
    }
    if kept["internal"]:
        kept["text"] = None
    return Item(f"activity-{number}", {"kind": "activity", "id": number, "activity": kept, "report": dict(report)})


def _guests(activities: Iterable[Mapping[str, Any]]) -> list[str]:
    """Ids of participants who are neither the reporter nor the program: guests invited to the report."""
    found = []
    for activity in activities:
        if activity.get("type") in _GUESTS:
            people = [related(activity, role) for role in _GUEST_ROLES]
            if activity.get("type") == "activity-external-user-joined":
                people.append(related(activity, "actor"))
            found += [number for person in people if (number := identity(person.get("id")))]
    return sorted(set(found))


def _person(actor: Mapping[str, Any]) -> dict[str, Json]:
    known = attributes(actor)
    return {
        "id": identity(actor.get("id")),
        "type": actor.get("type"),
        "username": known.get("username") or known.get("handle"),
        "name": known.get("name"),
    }


def attributes(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_of(entry.get("attributes"))


def related(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The single object of a relationship, empty if there is none."""
    return object_of(_relationship(entry, name))


def related_list(entry: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return objects_of(_relationship(entry, name))


def _relationship(entry: Mapping[str, Any], name: str) -> Json:
    return value_at(entry, "relationships", name, "data")


def identity(value: Json) -> str | None:
    """An id as text: strings by the specification, numbers in some older answers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
