"""`python -m advocacy.tests.poisoned_desk`, in a living desk: a poisoned item of every platform comes in, followed by
good mentions, and somebody answers. Prints one JSON object: the outcome and how long it took, and `setup_s`, the time
that setting up Django took, as a measure of the machine's current speed.
"""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from typing import Any

import django

GOOD = 20
WAYS = ("spin", "loop", "memory", "kill", "crash")
PATIENCE_S = 90


def main() -> int:
    begun = time.monotonic()
    django.setup()
    setup_s = time.monotonic() - begun
    from django.contrib.auth.models import User

    from mentions.models import Ticket
    from mentions.queue import claims
    from mentions.replies import handles

    sam = User.objects.get(username="sam")
    asked = Ticket.objects.filter(channel__connection__platform="twitter", status="new").latest("pk")
    from channels.clocks import desk_now

    ticket = claims.claim(sam, asked.pk, desk_now())
    channel = handles.choices(ticket, sam)[0]
    poisoned = pour_poison()
    begun = time.monotonic()
    good = pour_good()
    reply = answer(ticket, sam, channel)
    said: dict[str, Any] = {"platforms": sorted(poisoned), "setup_s": setup_s, "tickets_s": None, "reply_s": None}
    while time.monotonic() - begun < PATIENCE_S and None in (said["tickets_s"], said["reply_s"]):
        look(said, good, reply, begun)
        time.sleep(0.05)
    said["quarantined"] = wait_for_quarantine(poisoned)
    said["states"] = states(poisoned)
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


def pour_poison() -> dict[str, int]:
    """Platform → inbox item: a real payload with a marker that kills its parser."""
    from channels.clocks import desk_now
    from channels.contract import Item, Page
    from channels.inbox import storing_once
    from channels.models import Connection, InboundItem
    from channels.tests.adapters.test_contract import READABLE
    from channels.tests.poisoning import marker

    dice, made = random.Random(3), {}
    asked = Connection.objects.filter(is_active=True, channels__to_queue=True).distinct().order_by("pk")
    for connection in asked:
        sample = next((s for s in READABLE if s.platform == connection.platform and s.items()), None)
        if sample is None or connection.platform in made:
            continue
        item = sample.items()[0]
        spoiled = Item("poison", {"was": item.payload, "end": marker(dice.choice(WAYS))}, item.raw)
        storing_once.store_page(connection.pk, Page([spoiled], None), fetched_at=desk_now())
        made[connection.platform] = InboundItem.objects.get(connection=connection, external_id="poison").pk
    return made


def are_tickets(good: list[int]) -> bool:
    from mentions.models import Message

    return Message.objects.filter(item_id__in=good, ticket__isnull=False).count() == GOOD


def pour_good() -> list[int]:
    """Mentions that come in after them: ids of inbox items."""
    from bench.data import payloads
    from channels.clocks import desk_now
    from channels.contract import Page
    from channels.inbox import storing_once
    from channels.models import Channel, Connection
    from channels.registry.finding_adapters import adapter_for

    values = {"feed": "mentions", "phrases": ["Acme"]}
    made = Connection.objects.create(platform="hackernews", name="good", settings=values, is_active=False)
    Channel.objects.create(connection=made, name="good", slug="good", is_default=True)
    items = adapter_for("hackernews").split(payloads.hackernews(GOOD), {})
    return storing_once.store_page(made.pk, Page(items, None), fetched_at=desk_now())


def answer(ticket: Any, user: Any, channel: Any) -> Any:
    from channels.clocks import desk_now
    from mentions.models import Message
    from mentions.replies import replies

    last = Message.objects.filter(ticket=ticket).order_by("-pk").first()
    return replies.submit(
        ticket.pk, user, ticket.claim_token, key=uuid.uuid4(), text="Thank you, we look into it.",
        channel_id=channel.pk, guard_message_id=last.pk if last else 0, status_after="solved", now=desk_now(),
    )  # fmt: skip


def look(said: dict[str, Any], good: list[int], reply: Any, begun: float) -> None:
    from channels.models import OutboundItem

    if said["tickets_s"] is None and are_tickets(good):
        said["tickets_s"] = time.monotonic() - begun
    reply.refresh_from_db()
    sent = OutboundItem.objects.filter(pk=reply.outbound_id, first_sent_at__isnull=False).first()
    if said["reply_s"] is None and sent is not None and sent.first_sent_at is not None:
        said["reply_s"] = (sent.first_sent_at - reply.send_at).total_seconds()


def wait_for_quarantine(poisoned: dict[str, int]) -> list[str]:
    """Platforms whose poisoned item is quarantined, with a ticket."""
    from channels.models import InboundItem
    from mentions.models import Message

    until = time.monotonic() + PATIENCE_S * 2
    while InboundItem.objects.filter(pk__in=poisoned.values(), state="pending").exists() and time.monotonic() < until:
        time.sleep(0.5)
    standing = Message.objects.filter(item_id__in=poisoned.values(), is_unreadable=True, ticket__isnull=False)
    found = set(standing.values_list("item_id", flat=True))
    return sorted(platform for platform, pk in poisoned.items() if pk in found)


def states(poisoned: dict[str, int]) -> dict[str, list[Any]]:
    from channels.models import InboundItem

    values = ("connection__platform", "state", "attempts", "error")
    found = InboundItem.objects.filter(pk__in=poisoned.values()).values_list(*values)
    return {platform: rest for platform, *rest in found}


if __name__ == "__main__":
    sys.exit(main())
