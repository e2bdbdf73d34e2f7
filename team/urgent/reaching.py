"""Reaches one person on call: a Slack message, an email, the pager."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid5

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F

from channels import sweeps
from channels.models import OutboundItem
from channels.outbox import outbox
from mentions.notifications import delivery_news
from team.models import UrgentCall, UrgentPerson
from team.urgent import posts, wording

logger = logging.getLogger(__name__)
MAX_TRIES = 3
MAX_A_RUN = 50


def reach(call: UrgentCall, people: Sequence[Any], not_before: datetime, *, with_pager: bool) -> None:
    """Call these people, each once per round. The caller has locked the call."""
    for user in people:
        person, _is_new = UrgentPerson.objects.get_or_create(call=call, user=user)
        person.called_at, person.round = not_before, call.round
        person.mail_at = not_before if user.email else None
        person.mail_tries = 0
        person.save(update_fields=["called_at", "round", "mail_at", "mail_tries"])
        posts.post(call, delivery_news.slack_id_of(user), not_before, person=user)
    if with_pager and people:
        page(call, "urgent.called", list(people), f"{call.round}.{call.step}", not_before)


def page(call: UrgentCall, event: str, people: list[Any], step: str, not_before: datetime) -> None:
    """One signed call of the pager, once per event and step; nothing without a pager."""
    if not settings.PAGER_WEBHOOK_URL:
        return
    outbox.enqueue(
        key=uuid5(call.key, f"pager {event} {step}"),
        kind=OutboundItem.Kind.WEBHOOK,
        connection_id=None,
        conversation=posts.conversation(call, "pager"),
        payload={
            "to": "pager",
            "event": event,
            "body": wording.pager_body(call, event, people, not_before.isoformat()),
        },
        not_before=not_before,
    )


def was_paged(call: UrgentCall) -> bool:
    place = posts.conversation(call, "pager")
    return OutboundItem.objects.filter(conversation=place, payload__body__key=str(call.key)).exists()


def called(call: UrgentCall) -> set[int]:
    """Who was called in the present round."""
    return set(call.people.filter(called_at__isnull=False, round=call.round).values_list("user_id", flat=True))


def send_mails(now: datetime) -> int:
    """Send due emails; returns how many. One whose worker dies in between is not resent; Slack messages and pager calls
    are."""
    due = UrgentPerson.objects.filter(mail_at__lte=now, mail_tries__lt=MAX_TRIES).order_by("pk")
    return sweeps.each("urgent mails", list(due.values_list("pk", flat=True)[:MAX_A_RUN]), _send_mail)


def _send_mail(person_id: int) -> bool:
    person = UrgentPerson.objects.select_related("call__ticket__channel__connection", "user").get(pk=person_id)
    mine = UrgentPerson.objects.filter(pk=person_id, mail_at=person.mail_at)
    if person.mail_at is None or not mine.update(mail_at=None, mail_tries=F("mail_tries") + 1):
        return False  # another worker sends it
    if person.call.state != UrgentCall.State.OPEN:
        return False
    subject, text = wording.mail_of(person.call)
    try:
        send_mail(subject, text, None, [person.user.email])
    except OSError as error:
        logger.error("The mail about an urgent ticket could not be sent (%s).", type(error).__name__)
        UrgentPerson.objects.filter(pk=person_id, mail_at=None).update(mail_at=person.mail_at)
        return False
    return True
