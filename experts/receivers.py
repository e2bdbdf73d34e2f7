"""Signals from the floors below: a request was delivered, an answer came in. The sweep finds missed ones."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from channels.dispatch import send_task
from channels.signals import delivery_changed
from mentions.signals import message_ingested


@receiver(delivery_changed, dispatch_uid="experts.delivery")
def slack_post_changed(sender: Any, outbound_id: int, **kwargs: Any) -> None:
    send_task("experts.apply_delivery", outbound_id)


@receiver(message_ingested, dispatch_uid="experts.outreach.answers")
def perhaps_an_answer(sender: Any, message_ids: list[int], **kwargs: Any) -> None:
    send_task("experts.recognise_answers", list(message_ids))
