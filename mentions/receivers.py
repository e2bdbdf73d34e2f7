"""Receivers of nudges from below: newly stored or delivered items are handled at once; sweeps catch the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from channels.clocks import desk_now
from channels.dispatch import send_task
from channels.models import Channel, Connection, IgnoreRule
from channels.signals import delivery_changed, items_stored
from mentions.clocks import clocks
from mentions.ingest.reading.reading import forget_feeds
from mentions.models import Message, Ticket
from mentions.notifications import delivery_problems, notices
from mentions.questions import asking
from mentions.replies import deliveries
from mentions.security_reports import closing, disclosures
from mentions.signals import message_ingested, thread_states_changed
from mentions.tasks import INGEST_TASK
from mentions.tickets import parking
from mentions.trackers import following, opening


@receiver(items_stored, dispatch_uid="mentions.ingest")
def ingest_at_once(connection_id: int, **kwargs: Any) -> None:
    """Each task handles a batch, never a single mention."""
    send_task(INGEST_TASK, connection_id)


@receiver(delivery_changed, dispatch_uid="mentions.delivery_changed")
def on_delivery_changed(sender: Any, outbound_id: int, state: str, **_kwargs: Any) -> None:
    """Cheap enough to run inline: one reply, one message."""
    if state == "sending" or (state == "queued" and not delivery_problems.is_known(outbound_id)):
        return
    deliveries.apply(outbound_id)
    opening.apply_delivery(outbound_id, desk_now())
    asking.apply_delivery(outbound_id, desk_now())


@receiver(message_ingested, dispatch_uid="mentions.notifications.notices")
def tell_slack(sender: Any, message_ids: Sequence[int], **_kwargs: Any) -> None:
    """Post new mentions to Slack soon; the sweep catches the rest."""
    if notices.note(message_ids, desk_now()):
        send_task("mentions.post_notices")


@receiver(message_ingested, dispatch_uid="mentions.own_answer_seen")
def on_message_ingested(sender: Any, message_ids: Sequence[int], **_kwargs: Any) -> None:
    """An answer given outside has arrived: its ticket stops waiting."""
    team = Message.objects.filter(pk__in=message_ids, direction=Message.Direction.TEAM, ticket__waiting_on="own_answer")
    if ticket_ids := list(team.values_list("ticket_id", flat=True).distinct()):
        parking.settle_seen(desk_now(), ticket_ids)


@receiver(message_ingested, dispatch_uid="mentions.applications")
def follow_applications(sender: Any, message_ids: Sequence[int], **_kwargs: Any) -> None:
    """In a worker: few messages are about applications."""
    send_task("mentions.follow_applications")


@receiver(thread_states_changed, dispatch_uid="mentions.reports")
def follow_reports(sender: Any, state_ids: Sequence[int], message_ids: Sequence[int], **_kwargs: Any) -> None:
    """A report or an issue was closed or reopened on its platform, or somebody asks to publish a report."""
    disclosures.note(message_ids, desk_now())
    closing.settle(desk_now(), list(state_ids))
    following.notice(state_ids, desk_now())


TARGET = ("target_minutes", "skips_weekends", "counts_coverage", "team_id")


@receiver(pre_save, sender=Channel, dispatch_uid="mentions.note_target")
def note_target(instance: Channel, **_kwargs: Any) -> None:
    """Remember the old target, for `renew_due`."""
    instance.__dict__["_target_before"] = Channel.objects.filter(pk=instance.pk).values_list(*TARGET).first()


@receiver(post_save, sender=Channel, dispatch_uid="mentions.renew_due")
def renew_due(instance: Channel, **_kwargs: Any) -> None:
    """Apply a changed target to waiting tickets too: their due time follows the channel's current setting."""
    before = instance.__dict__.pop("_target_before", None)
    if before and before != tuple(getattr(instance, name) for name in TARGET):
        waiting = Ticket.objects.filter(channel=instance, due_at__isnull=False)
        clocks.recompute(waiting.values_list("pk", flat=True))


for _signal in (post_save, post_delete):
    for _model in (Connection, Channel, IgnoreRule):
        _signal.connect(forget_feeds, sender=_model, dispatch_uid=f"mentions.forget_feeds.{_model.__name__}")
