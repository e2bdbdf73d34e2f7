"""The filters of views. Each is defined once, in SQL, for the list, the counts and the claim.

| filter | value |
| --- | --- |
| `channels` | channel slugs |
| `statuses` | `Ticket.Status` values; default: new and open |
| `tags`, `without_tags` | tag names: any of them, none of them |
| `priority_min` | 10 low, 20 normal, 30 high, 40 urgent |
| `assignee` | `me`, `none` or a username |
| `language` | a code: `de` |
| `older_than_minutes` | waiting for at least that long |
| `overdue` | true: first reply is overdue |
| `due_soon` | true: first reply is due within the channel's lead time |
| `parked` | true: only parked tickets; `any`: parked ones too; default: none |
| `marks` | the requester's marks: `contributor`, `customer`, `core`, `press`; any of them |
| `text` | words in one of its messages |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from mentions.clocks import due_soon, overdue
from mentions.db.sql import Fragment
from mentions.models import Mark, Ticket

QUEUE_STATUSES = ("new", "open")


class FilterError(ValueError):
    """An unknown filter or an invalid value; the text says what an admin should change."""


def _channels(value: Any) -> Fragment:
    slugs = _strings("channels", value)
    if len(slugs) == 1:
        # One channel can use its own index in queue order; an array could not.
        sql = "mentions_ticket.channel_id = (SELECT c.id FROM channels_channel c WHERE c.slug = %(channel)s)"
        return Fragment(sql, {"channel": slugs[0]})
    sql = (
        "mentions_ticket.channel_id = ANY (ARRAY(SELECT c.id FROM channels_channel c WHERE c.slug = ANY(%(channels)s)))"
    )
    return Fragment(sql, {"channels": slugs})


def _statuses(value: Any) -> Fragment:
    statuses = _strings("statuses", value)
    if unknown := set(statuses) - set(Ticket.Status.values):
        raise FilterError(
            _("Unknown status %(name)s. Use one of %(known)s.")
            % {"name": ", ".join(sorted(unknown)), "known": ", ".join(Ticket.Status.values)}
        )
    return Fragment("mentions_ticket.status = ANY(%(statuses)s)", {"statuses": statuses})


_TAGGED = """EXISTS (
    SELECT 1 FROM mentions_ticket_tags tt JOIN mentions_tag g ON g.id = tt.tag_id
    WHERE tt.ticket_id = mentions_ticket.id AND lower(g.name) = ANY({0}))"""


def _tags(value: Any) -> Fragment:
    return Fragment(_TAGGED.format("%(tags)s"), {"tags": [name.lower() for name in _strings("tags", value)]})


def _without_tags(value: Any) -> Fragment:
    names = [name.lower() for name in _strings("without_tags", value)]
    return Fragment("NOT " + _TAGGED.format("%(without_tags)s"), {"without_tags": names})


_MARKED = """mentions_ticket.requester_id IN (
    SELECT a.id FROM mentions_author a JOIN mentions_mark k ON k.person_id = a.person_id
    WHERE k.is_given AND NOT a.is_us AND k.kind = ANY(%(marks)s))"""


def _marks(value: Any) -> Fragment:
    kinds = _strings("marks", value)
    if unknown := set(kinds) - set(Mark.Kind.values):
        words = {"name": ", ".join(sorted(unknown)), "known": ", ".join(Mark.Kind.values)}
        raise FilterError(_("Unknown mark %(name)s. Use one of %(known)s.") % words)
    return Fragment(_MARKED, {"marks": kinds})


def _priority_min(value: Any) -> Fragment:
    # A literal, not a parameter: only then does the planner use the partial index of high priorities.
    return Fragment(f"mentions_ticket.priority >= {_number('priority_min', value)}")


def _assignee(value: Any) -> Fragment:
    if value == "me":
        return Fragment("mentions_ticket.assignee_id = %(me)s")
    if value == "none":
        return Fragment("mentions_ticket.assignee_id IS NULL")
    sql = "mentions_ticket.assignee_id = (SELECT u.id FROM auth_user u WHERE u.username = %(assignee)s)"
    return Fragment(sql, {"assignee": str(value)})


def _language(value: Any) -> Fragment:
    return Fragment("mentions_ticket.language = %(language)s", {"language": str(value)})


def _older_than(value: Any) -> Fragment:
    sql = "mentions_ticket.queued_at <= %(now)s::timestamptz - make_interval(mins => %(older_than)s::int)"
    return Fragment(sql, {"older_than": _number("older_than_minutes", value)})


def _overdue(value: Any) -> Fragment:
    if value:
        return Fragment(overdue.SQL)
    return Fragment(f"({overdue.SQL}) IS NOT TRUE")


def _due_soon(value: Any) -> Fragment:
    if value:
        return Fragment(due_soon.sql())  # not wrapped in `(…) IS TRUE`: PostgreSQL would use no index for that
    return Fragment(f"({due_soon.sql()}) IS NOT TRUE")


def _text(value: Any) -> Fragment:
    sql = """EXISTS (SELECT 1 FROM mentions_message m WHERE m.ticket_id = mentions_ticket.id
        AND m.search @@ websearch_to_tsquery('english', %(text)s))"""
    return Fragment(sql, {"text": str(value).replace("\0", "")})


FILTERS: dict[str, Callable[[Any], Fragment]] = {
    "channels": _channels,
    "statuses": _statuses,
    "tags": _tags,
    "without_tags": _without_tags,
    "priority_min": _priority_min,
    "assignee": _assignee,
    "language": _language,
    "older_than_minutes": _older_than,
    "overdue": _overdue,
    "due_soon": _due_soon,
    "marks": _marks,
    "text": _text,
}


def is_queue(filters: Mapping[str, Any]) -> bool:
    """Whether everything in the view can be claimed: new or open, not parked. Such a view uses the queue's index."""
    statuses = filters.get("statuses") or QUEUE_STATUSES
    return not filters.get("parked") and set(statuses) <= set(QUEUE_STATUSES)


def holds_queued(filters: Mapping[str, Any]) -> bool:
    """Whether the view can contain claimable tickets; if not, the claim skips it."""
    statuses = filters.get("statuses") or QUEUE_STATUSES
    return filters.get("parked") is not True and bool(set(statuses) & set(QUEUE_STATUSES))


def conditions(filters: Mapping[str, Any]) -> list[Fragment]:
    """The filters as SQL; `%(me)s` and `%(now)s` stay unfilled. Raises FilterError."""
    if unknown := set(filters) - set(FILTERS) - {"parked"}:
        raise FilterError(
            _("Unknown filter %(name)s. Use one of %(known)s.")
            % {"name": ", ".join(sorted(unknown)), "known": ", ".join([*FILTERS, "parked"])}
        )
    parts = [FILTERS[name](value) for name, value in filters.items() if name in FILTERS and value not in (None, "", [])]
    return [*_state(filters), *parts]


def _state(filters: Mapping[str, Any]) -> Iterable[Fragment]:
    parked = filters.get("parked")
    if parked not in (None, False, True, "any", ""):
        raise FilterError(_("`parked` must be true, false or “any”."))
    if is_queue(filters):
        yield Fragment("mentions_ticket.is_queued")
    elif parked is True:
        yield Fragment("mentions_ticket.waiting_on <> ''")
    elif not parked:
        yield Fragment("mentions_ticket.waiting_on = ''")
    elif not filters.get("statuses"):
        yield Fragment("mentions_ticket.status IN ('new', 'open')")


def check(filters: Any) -> None:
    """Raises FilterError for filters that cannot be saved as a view."""
    if not isinstance(filters, dict):
        raise FilterError(_('Filters must be an object: {"channels": ["acme"], "overdue": true}.'))
    conditions(filters)


def _strings(name: str, value: Any) -> list[str]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise FilterError(_("`%(name)s` must be a list of names.") % {"name": name})
    return list(value)


def _number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise FilterError(_("`%(name)s` must be a whole number, 0 or more.") % {"name": name})
    return value
