"""Tells the team about the roles of somebody who will be away for long, once for each absence."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from channels import sweeps
from channels.outbox import slack_posts
from team import coverage
from team.duties import slack
from team.models import Absence
from team.standing_in import handing, proposing
from team.standing_in.proposing import Arrangement
from team.standing_in.vacancies import Vacancy, near
from team.volunteers import needs

AHEAD = timedelta(days=7)
AT = time(8)
"""UTC: when the preset's coverage starts."""


def announce(now: datetime) -> int:
    """On working days from 08:00 UTC on, a week ahead or as soon as it is known, as long as somebody is away. Returns
    how many messages were queued."""
    now = now.astimezone(UTC)
    if now.time() < AT or not slack.is_set_up():
        return 0
    unannounced = near(now, AHEAD).exclude(told_for=F("first_day"))
    if not unannounced.exists() or not needs.is_worked(coverage.together(), now.date()):
        return 0
    return sweeps.each("absences", proposing.arrangements(now, AHEAD), lambda each: _announce(each, now))


@transaction.atomic
def _announce(found: Arrangement, now: datetime) -> bool:
    """An absence that was put off is said again."""
    absence = found.absence
    rows = Absence.objects.filter(pk=absence.pk).exclude(told_for=absence.first_day)
    if not found.open or not rows.update(told_for=absence.first_day):
        return False
    slack.tell_team(f"away {absence.pk} {absence.first_day}", _text_of(found), now)
    return True


def _text_of(found: Arrangement) -> str:
    """Without pings: it is for whoever manages the team."""
    absence = found.absence
    words = {"who": slack_posts.escaped(slack.name_of(absence.user)), "days": handing.days_of(absence)}
    volunteers = f"{settings.BASE_URL}{reverse('team:volunteers')}?day={absence.first_day}#invite"
    return "\n".join(
        [
            _("%(who)s is away %(days)s. Somebody should stand in:") % words,
            *(f"• {_line(role, to)}" for role, to in found.open),
            _("Hand the roles over: %(address)s") % {"address": handing.address()},
            _("Invite advocates for a day: %(address)s") % {"address": volunteers},
        ]
    )


def _line(role: Vacancy, to: Any) -> str:
    what = slack_posts.escaped(f"{role.label}: {role.what}")
    if to is None:
        return _("%(what)s. Nobody else is there.") % {"what": what}
    return _("%(what)s. Next: %(who)s") % {"what": what, "who": slack_posts.escaped(slack.name_of(to))}
