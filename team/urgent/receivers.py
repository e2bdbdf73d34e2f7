"""Signals and buttons: a new message may be urgent, a post was delivered, somebody takes it in Slack. The sweeps find
missed ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.dispatch import receiver
from django.utils.translation import gettext as _

from channels.dispatch import send_task
from channels.outbox import slack_posts
from channels.signals import delivery_changed
from experts.directory import directory
from experts.listening.buttons import Click
from mentions.models import Account
from mentions.signals import message_ingested
from mentions.tickets.transitions import OutcomeRefused
from team.models import UrgentCall, UrgentPost
from team.urgent import calls, posts


@receiver(message_ingested, dispatch_uid="team.urgent.rules")
def perhaps_urgent(sender: Any, message_ids: list[int], **kwargs: Any) -> None:
    send_task("team.mark_urgent", list(message_ids))


@receiver(delivery_changed, dispatch_uid="team.urgent.posts")
def post_delivered(sender: Any, outbound_id: int, state: str, **kwargs: Any) -> None:
    if state == "sent" and UrgentPost.objects.filter(outbound=outbound_id).exists():
        send_task("team.follow_urgent")


def user_of(slack_id: str) -> Any:
    """The login of a Slack member; None for somebody without one."""
    known = Account.objects.filter(namespace__startswith="slack", handle=slack_id, person__user__is_active=True)
    person = directory.person_of(slack_id)
    user_id = known.values_list("person__user", flat=True).first() or (person.user_id if person else None)
    return get_user_model().objects.filter(pk=user_id, is_active=True).first() if user_id else None


def take_by_click(click: Click, now: datetime) -> None:
    """*I'll take it*: somebody who can't work on the ticket is told so in the thread."""
    user = user_of(click.slack_id)
    try:
        if user is not None:
            calls.take_by_key(click.key, user, now)
            return
    except OutcomeRefused:
        pass
    call = UrgentCall.objects.filter(key=click.key).first()
    if call is not None:
        words = _("%(who)s, only people who work on the desk can take this.") % {"who": click.name}
        posts.say(call, f"refused {click.slack_id}", slack_posts.escaped(words), now)
