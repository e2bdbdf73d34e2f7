"""The whole preset as rows in loading order: (kind, key, values)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from advocacy.handbook import letters, macros, places, quiet, social, topics, views
from advocacy.handbook.company import Company
from advocacy.handbook.desk import expertises, lookups, rooms
from advocacy.handbook.rows import ChannelRow, ConnectionRow
from channels.contract import FieldKind
from channels.registry.finding_adapters import adapter_for

CONNECTIONS: tuple[ConnectionRow, ...] = (
    *social.CONNECTIONS,
    *places.CONNECTIONS,
    *letters.CONNECTIONS,
    *quiet.CONNECTIONS,
)
COVERED_WEEKDAYS = range(5)
COVERAGE = {"starts": "08:00", "ends": "22:00", "time_zone": "UTC"}
"""Monday to Friday, as in the handbook."""
RELEASE = {
    "name": "Monthly release", "day_of_month": 22, **COVERAGE, "slack_channel": "#release-post",
    "words": ["new release", "release post", "release notes", "new version"],
}  # fmt: skip
"""Source: community-advocacy, "Release day advocate duty", in our own words."""
MEETING = {
    "name": "Key monthly marketing meeting", "slack_channel": "#keymonthlymarketingmeeting", "day_of_month": 5,
    "due_at": "09:00", "time_zone": "UTC", "remind_days": 3,
    "checklist": [
        "The picture of the Median First Reply Time is on the slide Channel Response Time",
        "The picture of the daily ticket activity is on the slide Channel Response Time",
        "The numbers on the slide match those on this page",
    ],
}  # fmt: skip
"""Source: community-advocacy, "Metrics Update Process"; the day is ours."""
SWAG = (("First contribution", "first"), ("Helps somebody", "helped"), ("Joins the core team", "core"))
"""Source: community-advocacy, "Contributors": gifts and recognition; the timing is ours."""
FEEDBACK = {"name": "Weekly feedback digest", "weekday": 0, "at": "09:00", "time_zone": "UTC"}
"""Source: community-advocacy, on feedback to the rest of the company; day and hour are ours."""
CONTACTS: tuple[dict[str, Any], ...] = (
    {"kind": "advocates", "name": "@advocates", "purpose": "All advocates, in #community-advocates",
     "how": "ping in Slack", "position": 10},
    {"kind": "advocates", "name": "Advocates contact", "purpose": "Each advocate, outside of coverage hours",
     "how": "Slack or text message", "position": 12},
    {"kind": "other", "name": "Marketing Rapid Response Process",
     "purpose": "Anything that needs all of marketing at once",
     "how": "see the process", "position": 15},
    {"kind": "incident", "name": "Incident management roles",
     "purpose": "Who leads and who communicates during an incident", "position": 20},
    {"kind": "room", "name": "#incident-management", "purpose": "Ongoing incidents", "position": 30},
    {"kind": "room", "name": "#infrastructure-lounge", "purpose": "The infrastructure team", "position": 40},
    {"kind": "learning", "name": "Community advocate bootcamp", "purpose": "Onboarding of new advocates",
     "position": 50},
)  # fmt: skip
"""Source: community-advocacy, "Emergency contact", "After hours", and its resources. The links are the company's: an
admin enters them."""
URGENT_RULES: tuple[dict[str, Any], ...] = (
    {"name": "Ping of @advocates in Slack", "query": "@advocates", "pings_team": False,
     "channels": ["slack-community-advocates", "slack-community-relations", "slack-education-oss", "slack-swag"]},
)  # fmt: skip
"""Source: community-engagement, "Additional resources", and community-advocacy, "After hours"."""
INFRASTRUCTURE = "infrastructure"
"""The role that posts on the status handle; given in addition to another role."""


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    key: str
    values: dict[str, Any]


def rows(company: Company) -> Iterator[Row]:
    """All rows, with the company's names filled in."""
    yield Row("role", INFRASTRUCTURE, {"name": INFRASTRUCTURE})
    for name, description in macros.TAGS.items():
        yield Row("tag", name, {"name": name, "description": description})
    for position, macro in enumerate(macros.MACROS, start=1):
        values = {"description": "", **macro, "position": position * 10}
        yield Row("macro", macro["name"], values)
    for slug, values in (*topics.rows(), *rooms.rows()):
        yield Row("topic", slug, company.fill(values | {"slug": slug}))
    for connection in CONNECTIONS:
        yield Row("connection", connection.key, company.fill(_connection(connection)))
        for channel in connection.channels:
            for key, names in _copies(channel.key, company):
                yield Row("channel", key, names.fill(_channel(channel, connection.key)))
    for weekday in COVERED_WEEKDAYS:
        yield Row("coverage hour", f"weekday-{weekday}", {"weekday": weekday, **COVERAGE})
    for key, values in expertises.rows():
        yield Row("expertise", key, values)
    for name, when in SWAG:
        yield Row("swag rule", when, {"name": name, "when": when, "macro": "Merch::Swag"})
    yield Row("feedback rule", "weekly", FEEDBACK)
    yield Row("meeting rule", "key-monthly-marketing", MEETING)
    yield Row("release rule", "monthly-release", RELEASE)
    for rule in URGENT_RULES:
        yield Row("urgent rule", rule["name"], rule)
    for contact in CONTACTS:
        yield Row("contact", contact["name"], contact)
    for key, values in lookups.rows():
        yield Row("lookup", key, company.fill(values))
    for view in views.rows():
        yield Row("view", view["slug"], company.fill(view))


def _copies(key: str, company: Company) -> Iterator[tuple[str, Company]]:
    """The personal inbox is one channel per person; a single one keeps the first key."""
    yield key, company
    if key == letters.PERSONAL:
        for person in company.people[1:]:
            yield f"{key}-{person}", replace(company, person=person)


def _connection(row: ConnectionRow) -> dict[str, Any]:
    is_ready = row.is_active and not needs_credentials(row)
    if not row.is_active:
        why = "not active in the handbook"
    else:
        why = "" if is_ready else "its credentials are missing; fill them in, then resume it"
    return {
        "name": row.name,
        "platform": row.platform,
        "settings": row.settings,
        "is_active": is_ready,
        "paused_reason": why,
    }


def needs_credentials(row: ConnectionRow) -> bool:
    """Whether an admin must fill something in before it can be polled: a required field the preset can't know, or a
    secret of the connection or one of its channels."""
    adapter = adapter_for(row.platform)
    missing = [
        field
        for field in adapter.fields
        if field.required and field.default in (None, "") and row.settings.get(field.name) in (None, "")
    ]
    secret = any(field.kind is FieldKind.SECRET and field.required for field in adapter.channel_fields)
    return bool(missing) or secret


def _channel(row: ChannelRow, connection: str) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "name": row.name,
        "connection": connection,
        "address": row.address,
        "rank": row.rank,
        "is_default": row.is_default,
        "is_active": row.is_active,
        "source": row.source,
        "to_queue": row.to_queue,
        "slack_channels": list(row.slack),
        "priority": row.priority,
        "target_minutes": row.target_minutes,
        "workflow": row.workflow,
        "guidelines": row.guidelines,
        "web_url": row.web_url,
        "is_checked_weekly": row.is_checked_weekly,
        "settings": row.settings,
        **row.more,
    }
