"""Messages to volunteers, their buddies and the team: by direct message in Slack and by email, each once."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import sweeps
from channels.outbox import slack_posts
from mentions.notifications import delivery_news
from team import roster
from team.duties import slack
from team.models import VolunteerDay, VolunteerMail
from team.volunteers import links

logger = logging.getLogger(__name__)
MAX_TRIES = 3
MAX_A_RUN = 50
INVITATION = "invitation"


def invitation(volunteer: VolunteerDay, now: datetime) -> None:
    tell(volunteer, volunteer.user, f"{INVITATION} {volunteer.link_version}", now)


def tell(volunteer: VolunteerDay, to: Any, kind: str, now: datetime) -> None:
    """By direct message if their member ID is known, and by email if their address is; each kind once. Somebody with
    shifts, such as the buddy, gets the message at work."""
    text = "\n".join(text_of(volunteer, kind))
    direct = delivery_news.slack_id_of(to)
    if direct:
        at = roster.reachable_at(to, now)
        slack.post(direct, f"volunteer {volunteer.key} {kind} {to.pk}", slack_posts.escaped(text), at)
    if to.email:
        VolunteerMail.objects.get_or_create(volunteer=volunteer, to=to, kind=kind, defaults={"mail_at": now})


def text_of(volunteer: VolunteerDay, kind: str) -> list[str]:
    """Lines of plain text; the first is the subject of the mail."""
    words = {
        "who": slack.name_of(volunteer.user),
        "buddy": slack.name_of(volunteer.buddy),
        "by": slack.name_of(volunteer.invited_by),
        "day": formats.date_format(volunteer.day, "l, j F"),
    }
    training = settings.BASE_URL + reverse("team:training")
    match kind.partition(" ")[0]:
        case "invitation":
            first = _("%(by)s asks you to be an advocate for a day on %(day)s")
            rest = [*_other_days(volunteer), _("%(buddy)s is your buddy. Accept or decline here:")]
            rest.append(links.link_of(volunteer))
        case "accepted":
            first = _("%(who)s is an advocate for a day on %(day)s")
            rest = [_("You are their buddy: read their first answers, and be there for questions.")]
        case "prepare":
            first = _("You are an advocate for a day on %(day)s")
            rest = [_("Your buddy is %(buddy)s. Prepare with three practice tickets:"), training]
        case "welcome":
            first = _("Today you are an advocate for a day")
            rest = [_("Your buddy is %(buddy)s. Start here:"), training]
        case "cancelled":
            first = _("%(who)s is no longer an advocate for a day on %(day)s")
            rest = [settings.BASE_URL + reverse("team:volunteers")]
        case "thanks":
            first = _("Thank you for being an advocate for a day")
            rest = [_("Your permissions have ended. Thank you, from %(buddy)s and the whole team!")]
        case _:
            raise ValueError(kind)
    return [line % words if "%(" in line else line for line in (first, *rest)]


def _other_days(volunteer: VolunteerDay) -> list[str]:
    """For which they are asked as well."""
    rows = VolunteerDay.objects.filter(user=volunteer.user_id, state=VolunteerDay.State.INVITED)
    later = rows.filter(day__gt=volunteer.day).order_by("day").values_list("day", flat=True)
    days = [formats.date_format(day, "l, j F") for day in later]
    return [_("Also: %(days)s") % {"days": ", ".join(days)}] if days else []


def thanks(volunteer: VolunteerDay, answers: int, now: datetime) -> None:
    """In the team's channel, and to the volunteer."""
    words = _("Thank you, %(who)s, for being an advocate for a day!") % {"who": slack.ping(volunteer.user, now)}
    if answers:
        count = ngettext("%(count)d answer sent.", "%(count)d answers sent.", answers) % {"count": answers}
        words = f"{words} {count}"
    slack.tell_team(f"volunteer {volunteer.key} thanks", words, now)
    tell(volunteer, volunteer.user, "thanks", now)


def send_mails(now: datetime) -> int:
    """Send due emails; returns how many. One whose worker dies midway is not resent; an invitation can be."""
    due = VolunteerMail.objects.filter(mail_at__lte=now, tries__lt=MAX_TRIES).order_by("pk")
    return sweeps.each("mails to volunteers", list(due.values_list("pk", flat=True)[:MAX_A_RUN]), _send)


def _send(mail_id: int) -> bool:
    mail = VolunteerMail.objects.select_related("volunteer__user", "volunteer__buddy", "volunteer__invited_by", "to")
    found = mail.get(pk=mail_id)
    mine = VolunteerMail.objects.filter(pk=mail_id, mail_at=found.mail_at)
    if found.mail_at is None or not mine.update(mail_at=None, tries=F("tries") + 1):
        return False  # another worker sends it
    if not _is_wanted(found):
        return False
    first, *rest = text_of(found.volunteer, found.kind)
    subject = f"[{settings.COMPANY_NAME}] {first}".replace("\n", " ")[:200]
    try:
        send_mail(subject, "\n\n".join([f"{first}.", *rest]) + "\n", None, [found.to.email])
    except OSError as error:
        logger.error("The mail about a volunteer could not be sent (%s).", type(error).__name__)
        VolunteerMail.objects.filter(pk=mail_id, mail_at=None).update(mail_at=found.mail_at)
        return False
    return True


def _is_wanted(mail: VolunteerMail) -> bool:
    """Not for an invitation that has since been answered, withdrawn or sent again."""
    if not mail.kind.startswith(INVITATION):
        return True
    newest = f"{INVITATION} {mail.volunteer.link_version}"
    return mail.kind == newest and mail.volunteer.state == VolunteerDay.State.INVITED
