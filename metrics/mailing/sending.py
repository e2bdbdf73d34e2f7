"""Sends what is due: an email is never resent once accepted, a Slack message goes once through the outbox."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q

from audit import log
from audit.kinds import EntryKind
from channels import sweeps
from channels.audience import seen_by
from channels.outbox import slack_posts
from mentions.notifications import delivery_news
from mentions.notifications.reachable import why_not
from metrics.mailing import people, wording
from metrics.models import Package, ReportMessage
from metrics.package.zipped import stem, zipped

logger = logging.getLogger(__name__)
MAX_A_RUN = 50
MAX_TRIES = 8
FIRST_PAUSE = timedelta(minutes=10)
"""Doubles with each try: the last one comes a day after the first."""
MAX_ATTACHED = 8_000_000
"""Bytes; a larger package is linked instead of attached."""
_KEYS = UUID("9d0f2f6e-2c55-4a0e-8a3f-0b4f7a5f6c11")


def send_due(now: datetime) -> int:
    """Send the messages that are due; returns how many went out."""
    due = ReportMessage.objects.filter(due_at__lte=now)
    due = due.filter(Q(package=None) | Q(package__state=Package.State.READY)).order_by("due_at", "pk")
    return sweeps.each("report messages", list(due.values_list("pk", flat=True)[:MAX_A_RUN]), lambda pk: _send(pk, now))


def _send(message_id: int, now: datetime) -> bool:
    message = ReportMessage.objects.select_related("user__preference", "package").get(pk=message_id)
    if not _is_wanted(message):
        _claim(message)
        return False
    return _post(message, now) if message.way == ReportMessage.Way.SLACK else _mail(message, now)


def _is_wanted(message: ReportMessage) -> bool:
    """Whether the recipient may still see the message's content and can still be reached."""
    user = message.user
    if not people.may_get(user) or why_not(user, message.way):
        return False
    return message.package is None or seen_by(user, Package).filter(pk=message.package.pk).exists()


def _claim(message: ReportMessage) -> bool:
    """Whether this process sends it."""
    mine = ReportMessage.objects.filter(pk=message.pk, due_at=message.due_at, due_at__isnull=False)
    return bool(mine.update(due_at=None, tries=F("tries") + 1))


@transaction.atomic
def _post(message: ReportMessage, now: datetime) -> bool:
    text = wording.slack_text(message, now)
    if not _claim(message):
        return False
    room = delivery_news.slack_id_of(message.user)
    slack_posts.post_message(
        key=uuid5(_KEYS, str(message.key)), conversation=f"slack:{room}", channel=room, text=text, not_before=now
    )
    ReportMessage.objects.filter(pk=message.pk).update(sent_at=now)
    return True


def _mail(message: ReportMessage, now: datetime) -> bool:
    """An email whose worker dies midway is not resent: its content is on the page anyway."""
    mail = _composed(message, now)
    if not _claim(message):
        return False
    try:
        mail.send()
    except OSError as error:
        _try_again(message, now, error)
        return False
    ReportMessage.objects.filter(pk=message.pk).update(sent_at=now)
    about = {"by": "mail", "attached": bool(mail.attachments)}
    subject = f"package {message.package}" if message.package else f"digest {message.week}"
    log.record(EntryKind.EXPORTED, now=now, actor=message.user, subject=subject, details=about)
    return True


def _composed(message: ReportMessage, now: datetime) -> EmailMessage:
    subject, text = wording.mail_of(message, now)
    mail = EmailMessage(subject, text, None, [message.user.email])
    if message.package is not None:
        content = zipped(message.package)
        if len(content) <= MAX_ATTACHED:
            mail.attach(f"{stem(message.package)}.zip", content, "application/zip")
    return mail


def _try_again(message: ReportMessage, now: datetime, error: OSError) -> None:
    logger.error("A report could not be mailed (%s).", type(error).__name__)
    if message.tries + 1 < MAX_TRIES:
        ReportMessage.objects.filter(pk=message.pk).update(due_at=now + FIRST_PAUSE * 2**message.tries)
