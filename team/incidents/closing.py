"""Closes incidents: keeps the report, posts it in Slack once, and announces start and end to the team.

An incident that is over closes by itself if nobody closes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import sweeps
from channels.outbox import slack_posts
from mentions.models import Reply, Ticket
from mentions.people.audience import for_everybody
from mentions.undo import window
from team.duties import slack
from team.incidents import opening, preview, report
from team.models import Incident, IncidentKind, IncidentReply

State = Incident.State
BY_ITSELF = timedelta(days=3)
"""After it is over."""
FORGOTTEN = timedelta(days=14)
"""For an incident opened by hand that nobody ends, or one that the status page never mentions again."""
STILL_NEWS = timedelta(days=1)
"""Start and end are announced no later than this: a scheduler that was down stays quiet about old ones. A report is
always posted."""


@transaction.atomic
def close(incident_id: int, actor: Any | None, now: datetime) -> bool:
    """Keep the report; it is posted to Slack after the undo window. False unless it is over and not closed."""
    incident = opening.locked(incident_id)
    if incident.state != State.OVER:
        return False
    incident.state, incident.closed_at, incident.closed_by = State.CLOSED, now, actor
    incident.report = report.of(incident)
    incident.save(update_fields=["state", "closed_at", "closed_by", "report"])
    return True


@transaction.atomic
def reopen(incident_id: int) -> bool:
    """Reopen a closed incident: it is over again, as before. The next report replaces this one. False if it is not
    closed."""
    incident = opening.locked(incident_id)
    if incident.state != State.CLOSED:
        return False
    incident.state, incident.closed_at, incident.closed_by, incident.report = State.OVER, None, None, None
    incident.save(update_fields=["state", "closed_at", "closed_by", "report"])
    return True


def follow(now: datetime) -> int:
    """Announce what is new, and close what has been over for a while. Returns how many incidents changed."""
    unsaid = Incident.objects.exclude(state=State.CLOSED, told_report_at__isnull=False)
    return sweeps.each("telling of incidents", list(unsaid.values_list("pk", flat=True)), lambda pk: _follow(pk, now))


@transaction.atomic
def _follow(incident_id: int, now: datetime) -> bool:
    incident = opening.locked(incident_id)
    if incident.state == State.OPEN and now - max(incident.started_at, incident.opened_at) > FORGOTTEN:
        return opening.end_by_hand(incident_id, now)
    if incident.state == State.OVER and incident.over_at is not None and now - _quiet_since(incident) > BY_ITSELF:
        return close(incident_id, None, now)
    column, text = _news(incident, now)
    if not column:
        return False
    at = getattr(incident, {"told_open_at": "opened_at", "told_over_at": "over_at"}.get(column, "closed_at"))
    setattr(incident, column, now)
    incident.save(update_fields=[column])
    if column == "told_report_at" or now - at < STILL_NEWS:
        key = f"incident {incident.pk} {column} {at.isoformat()}"
        slack.tell_team(key, f"{text}\n{address_of(incident)}", now)
        _tell_room(incident, column, key, now)
    return True


def _tell_room(incident: Incident, column: str, key: str, now: datetime) -> None:
    """Announce start and end in the room where the company works on its incidents."""
    room = settings.INCIDENT_SLACK_CHANNEL
    words = {
        "told_open_at": _("Incident “%(name)s”: the community advocates are collecting mentions and will answer them."),
        "told_over_at": _("The incident “%(name)s” is over. The community advocates are telling everybody who asked."),
    }.get(column)
    if words is None or room == settings.TEAM_SLACK_CHANNEL:
        return
    text = words % {"name": slack_posts.escaped(incident.name)}
    slack.post(room, f"{key} room", f"{text}\n{address_of(incident)}", now)


def _quiet_since(incident: Incident) -> datetime:
    """When the incident became quiet: its end or the last bulk reply, whichever is later, so that people get time to
    respond."""
    last = incident.batches.order_by("-at").values_list("at", flat=True).first()
    return max(each for each in (incident.over_at, incident.opened_at, last) if each is not None)


def _news(incident: Incident, now: datetime) -> tuple[str, str]:
    """(column that records it, what to say); ("", "") for nothing. The report is posted once, even if reopened."""
    name = {"name": slack_posts.escaped(incident.name)}
    if incident.state == State.CLOSED:
        is_due = incident.told_report_at is None and incident.closed_at is not None
        if is_due and incident.closed_at is not None and window.end_of_outcome(incident.closed_at) <= now:
            return "told_report_at", report.sentence(incident, incident.report or report.of(incident))
        return "", ""
    if incident.told_open_at is None:
        return "told_open_at", _("Incident “%(name)s”: group its mentions here and answer them together.") % name
    if incident.state == State.OVER and incident.told_over_at is None:
        return "told_over_at", f"{_('The incident “%(name)s” is over.') % name} {waiting_words(incident)}"
    return "", ""


def count_unnotified(incident: Incident) -> int:
    """How many people were answered but not notified that it is over; without restricted tickets."""
    notified = incident.replies.filter(kind=IncidentKind.OVER, state__in=IncidentReply.LIVE)
    notified = notified.exclude(reply__state__in=(Reply.State.UNDONE, Reply.State.BLOCKED))
    members = incident.mentions.filter(is_part=True).exclude(ticket__in=notified.values("ticket")).values("ticket")
    answered = Ticket.objects.filter(pk__in=members, merged_into=None, first_reply_at__isnull=False)
    waiting = for_everybody(answered.exclude(status=Ticket.Status.CLOSED)).select_related("requester")
    return len({preview.recipient_of(ticket) for ticket in waiting} - set(notified.values_list("recipient", flat=True)))


def waiting_words(incident: Incident) -> str:
    count = count_unnotified(incident)
    if not count:
        return _("Nobody is left to tell.")
    words = ngettext("Tell the %(count)d person we answered.", "Tell the %(count)d people we answered.", count)
    return words % {"count": count}


def address_of(incident: Incident) -> str:
    return str(settings.BASE_URL + reverse("team:incident", args=[incident.pk]))
