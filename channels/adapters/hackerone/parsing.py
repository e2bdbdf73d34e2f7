"""Turns a stored HackerOne report or activity into a mention. Pure.

Activity types: https://api.hackerone.com/customer-reference/#activity-agreed-on-going-public and following.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from channels.adapters.hackerone.wire import WEB
from channels.contract import Author, Config, Item, Json, Mention, digest_of
from channels.errors import Malformed
from channels.toolkit.text import clean, text_links
from channels.toolkit.values import edited_at, object_of, time_of, value_at

STATES = {
    "activity-bug-new": "new",
    "activity-bug-triaged": "triaged",
    "activity-bug-needs-more-info": "needs more info",
    "activity-bug-pending-program-review": "pending program review",
    "activity-bug-reopened": "reopened",
    "activity-bug-resolved": "resolved",
    "activity-bug-retesting": "retesting",
    "activity-bug-informative": "informative",
    "activity-bug-not-applicable": "not applicable",
    "activity-bug-duplicate": "duplicate",
    "activity-bug-spam": "spam",
}
OVER = frozenset({"resolved", "informative", "not-applicable", "duplicate", "spam"})
"""States in which a report is closed: https://api.hackerone.com/customer-reference/#report"""
DISCLOSURE = frozenset(
    {
        "activity-agreed-on-going-public",
        "activity-cancelled-disclosure-request",
        "activity-report-became-public",
        "activity-manually-disclosed",
    }
)
_OF_PROGRAM = frozenset(STATES) - {"activity-bug-reopened", "activity-bug-not-applicable", "activity-bug-new"} | {
    "activity-bounty-awarded",
    "activity-swag-awarded",
}
"""Actions researchers can't take; they can close their own report (as not applicable) and ask to reopen it."""
_EDITED_AFTER = timedelta(seconds=2)


def parse(item: Item, config: Config) -> Mention | None:
    """None for internal activities, and for ones without text that change nothing anyone waits for (e.g. an
    assignment)."""
    payload = item.payload
    report = object_of(payload).get("report")
    if not isinstance(report, dict):
        raise Malformed("A stored HackerOne item is not an object.")
    activity = payload.get("activity")
    if not isinstance(activity, dict):
        return _report(item.external_id, report, config)
    return _activity(item.external_id, str(payload.get("id")), activity, report, config)


def _report(number: str, report: Mapping[str, Any], config: Config) -> Mention:
    text, impact = _text(report.get("text")), _text(report.get("impact"))
    if impact and impact not in text:
        text = f"{text}\n\nImpact\n\n{impact}".strip()
    author = _author(report.get("author"), config)
    title = _text(report.get("title")) or None
    return Mention(
        external_id=number,
        thread_id=number,
        author=author,
        posted_at=time_of(report.get("created_at")),
        text=text,
        subject=title,
        url=report_url(config, number),
        is_own=_is_named(author, config),
        links=text_links(text),
        thread_title=title,
        addressed=_addressed(report),
        extra=_extra(report, ("state", "severity", "weakness", "triaged_at", "closed_at", "disclosed_at", "files")),
    )


def _activity(
    external_id: str, number: str, activity: Mapping[str, Any], report: Mapping[str, Any], config: Config
) -> Mention | None:
    kind, message = str(activity.get("type") or ""), _text(activity.get("text"))
    said = _said(kind, message, activity)
    if activity.get("internal") is True or not said:
        return None
    thread = str(report.get("id") or "") or external_id
    author = _author(activity.get("author"), config)
    created, updated = time_of(activity.get("created_at")), time_of(activity.get("updated_at"))
    page = report_url(config, thread) if thread != external_id else None
    return Mention(
        external_id=external_id,
        thread_id=thread,
        author=author,
        posted_at=created,
        text=said,
        parent_id=thread if page else None,
        url=f"{page}#{external_id}" if page else None,
        # An activity without text is shown but stops no clock, except a request for publication.
        is_auto=(not message and kind != "activity-agreed-on-going-public") or activity.get("automated") is True,
        is_own=_is_of_team(activity, report, author, config),
        edited_at=edited_at(created, updated, _EDITED_AFTER) if message else None,
        links=text_links(said),
        reply_to_id=thread if page else None,
        thread_title=_text(report.get("title")) or None,
        addressed=_addressed(report),
        extra={
            "activity": kind.removeprefix("activity-"),
            **_extra(report, ("state",)),
            **_extra(activity, ("files",)),
        },
    )


def _said(kind: str, message: str, activity: Mapping[str, Any]) -> str:
    """The text, preceded by the event; "" if neither matters to whoever is waiting."""
    if kind in STATES:
        happened = f"State changed to {STATES[kind]}"
    elif kind == "activity-bounty-awarded":
        amount = _text(activity.get("amount"))
        happened = f"Bounty awarded: {amount}" if amount else "Bounty awarded"
    elif kind == "activity-swag-awarded":
        happened = "Swag awarded"
    elif kind in {"activity-hacker-requested-mediation", *DISCLOSURE}:
        happened = kind.removeprefix("activity-").replace("-", " ").capitalize()
    else:
        return message
    return f"{happened}\n\n{message}" if message else happened


def _is_of_team(activity: Mapping[str, Any], report: Mapping[str, Any], author: Author, config: Config) -> bool:
    """A report's participants are its reporter, invited guests, the program, and HackerOne on its behalf."""
    if _is_named(author, config) or activity.get("automated") is True:
        return True
    actor = activity.get("author")
    if (isinstance(actor, dict) and actor.get("type") == "program") or activity.get("type") in _OF_PROGRAM:
        return True
    reporter, guests = report.get("reporter"), report.get("guests")
    if not author.id or not reporter or author.id == reporter:
        return False
    return isinstance(guests, list) and author.id not in guests


def _is_named(author: Author, config: Config) -> bool:
    accounts = (name.lower().lstrip("@") for name in config.entries("own_accounts"))
    return author.is_one_of({*accounts, *config.own, *config.addresses})


def _author(actor: Json, config: Config) -> Author:
    known = object_of(actor)
    number, handle = _text(known.get("id")), _text(known.get("username")) or None
    if known.get("type") == "program" and number:
        number = f"program-{number}"  # program and user ids are separate sequences
    url = f"{config.address('web_base', WEB)}/{handle}" if handle else None
    return Author(number, handle, " ".join(_text(known.get("name")).split()) or None, url)


def _addressed(report: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    program = _text(report.get("program")).lower()
    return ((program,),) if program else ()


def web_base(config: Config) -> str:
    return str(config.setting("web_base", WEB)).rstrip("/")


def report_url(config: Config, number: str) -> str:
    return f"{config.address('web_base', WEB)}/reports/{number}"


def _extra(known: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: known[name] for name in names if known.get(name) not in (None, [], "")}


def _text(value: Json) -> str:
    return clean(value).replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def _state_of(item: Item) -> Json:
    """The report's own state: a change matters to whoever is waiting for it, although the text is the same."""
    return value_at(item.payload, "report", "state") if value_at(item.payload, "kind") == "report" else None


def fingerprint_of(mention: Mention, item: Item) -> bytes:
    content = (mention.text, mention.subject, mention.is_deleted, _state_of(item))
    return digest_of(content)
