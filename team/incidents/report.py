"""The report of an incident, in numbers and words that anybody may see: restricted tickets are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.outbox import slack_posts
from mentions.models import Message, Reply, Ticket
from mentions.people import own_side
from mentions.people.audience import for_everybody
from team.duties.slack import name_of
from team.models import Incident, IncidentReply

Report = dict[str, Any]
"""JSON: mentions, answered, waiting, told_over, reply_s (median seconds, or None), lasted_s, channels [{name, platform,
mentions, reply_s}], people [{name, replies}], told [{kind, text, by, at, sent, left_out}]."""
SENT = (Reply.State.SENT, Reply.State.DELETED)
TOP = 3


def of(incident: Incident) -> Report:
    """The report of an incident as of now; five statements."""
    members = Ticket.objects.filter(pk__in=incident.mentions.filter(is_part=True).values("ticket"), merged_into=None)
    seen = for_everybody(members)
    rows = list(
        seen.order_by("posted_at", "pk").values_list(
            "pk", "channel__name", "channel__connection__platform", "posted_at", "first_reply_at"
        )
    )
    ids = [row[0] for row in rows]
    notified = list(
        incident.replies.filter(ticket__in=for_everybody(Ticket.objects.all()), kind="over", reply__state__in=SENT)
    )
    lasted = (incident.over_at - incident.started_at).total_seconds() if incident.over_at else None
    answered = [row for row in rows if row[4] is not None]
    return {
        "mentions": len(rows),
        "answered": len(answered),
        "waiting": len(rows) - len(answered),
        "told_over": len(notified),
        "reply_s": _median(answered),
        "lasted_s": lasted,
        "channels": _channels(rows),
        "people": _people(ids),
        "told": [_batch_summary(batch) for batch in incident.batches.select_related("by").order_by("at", "pk")],
    }


def _median(answered: Sequence[tuple[Any, ...]]) -> float | None:
    times = [(first - posted).total_seconds() for *_row, posted, first in answered]
    return median(times) if times else None


def _channels(rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """The busiest first."""
    groups: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in rows:
        groups.setdefault((row[1], row[2]), []).append(row)
    found = [
        {"name": name, "platform": platform, "mentions": len(group), "reply_s": _median([r for r in group if r[4]])}
        for (name, platform), group in groups.items()
    ]
    return sorted(found, key=lambda each: (-each["mentions"], each["name"]))


def _people(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Who answered, from the desk or directly on the platforms; most replies first."""
    counts: Counter[str] = Counter()
    for reply in Reply.objects.filter(ticket__in=ids, state__in=SENT).select_related("author"):
        counts[name_of(reply.author) if reply.author else _("the desk")] += 1
    written = Message.objects.filter(ticket__in=ids, direction=Message.Direction.TEAM, is_deleted=False, reply=None)
    for message in written.select_related("author", "channel__connection").defer("search"):
        counts[own_side.of_message(message)] += 1
    return [{"name": name, "replies": count} for name, count in sorted(counts.items(), key=lambda p: (-p[1], p[0]))]


def _batch_summary(batch: Any) -> dict[str, Any]:
    replies = list(batch.replies.values_list("state", "reply__state"))
    return {
        "kind": batch.kind,
        "text": batch.text,
        "by": name_of(batch.by),
        "at": batch.at.isoformat(),
        "sent": sum(state in SENT for _kind, state in replies),
        "left_out": sum(kind == IncidentReply.State.LEFT_OUT for kind, _state in replies),
    }


def sentence(incident: Incident, found: Report) -> str:
    """The report as one sentence for Slack."""
    count = ngettext("%(count)d mention", "%(count)d mentions", found["mentions"]) % {"count": found["mentions"]}
    words = {
        "name": slack_posts.escaped(incident.name), "mentions": count, "answered": found["answered"],
        "waiting": found["waiting"], "told": found["told_over"],
    }  # fmt: skip
    parts = [
        _("Incident report for “%(name)s”: %(mentions)s, %(answered)d answered, %(waiting)d not answered.") % words,
        ngettext(
            "%(told)d person was told it is over.", "%(told)d people were told it is over.", words["told"]
        ) % words,
    ]  # fmt: skip
    if found["reply_s"] is not None:
        parts.append(_("Median first reply: %(time)s.") % {"time": duration(found["reply_s"])})
    if found["channels"]:
        busiest = [f"{slack_posts.escaped(each['name'])} {each['mentions']}" for each in found["channels"][:TOP]]
        parts.append(_("Busiest: %(channels)s.") % {"channels": ", ".join(busiest)})
    if found["people"]:
        names = [f"{slack_posts.escaped(each['name'])} {each['replies']}" for each in found["people"][:TOP]]
        parts.append(_("Answered by: %(names)s.") % {"names": ", ".join(names)})
    return " ".join(parts)


def duration(seconds: float | None) -> str:
    """ "1 h 05 min"; a dash for none."""
    if seconds is None:
        return "–"
    hours, minutes = divmod(round(seconds / 60), 60)
    return (
        _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}
        if hours
        else _("%(minutes)d min") % {"minutes": minutes}
    )


def shown(found: Report) -> Report:
    """The report for a page, with durations in words and times as datetimes."""
    batches = [{**each, "at": datetime.fromisoformat(each["at"])} for each in found["told"]]
    channels = [{**each, "reply": duration(each["reply_s"])} for each in found["channels"]]
    words = {"reply": duration(found["reply_s"]), "lasted": duration(found["lasted_s"])}
    return {**found, **words, "told": batches, "channels": channels}
