"""Concurrent changes to a request always lock its ticket first, so no two jobs can deadlock."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest
from django.db import transaction

from channels.models import OutboundItem
from experts.models import Outreach
from experts.outreach import noting, outreach, reminders, responding
from experts.tests.factories import OutreachFactory
from mentions.models import Ticket
from mentions.tests.factories import NOON, MessageFactory, UserFactory
from mentions.tests.interleaving import Job, Pair
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import merging

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOON + timedelta(days=2)


def answers(asked: Outreach) -> object:
    return responding.respond(asked.pk, "draft", "Say this.", now=NOON)


def is_posted(asked: Outreach) -> object:
    return outreach.apply_delivery(asked.outbound_id, NOON)


def times_out(asked: Outreach) -> object:
    return reminders.run(LATER)


def is_noted(asked: Outreach) -> object:
    """As a macro does."""
    with transaction.atomic():
        return noting.answered_by(Ticket.objects.select_for_update().get(pk=asked.ticket_id), "", NOON)


def is_merged(asked: Outreach) -> object:
    other = Ticket.objects.exclude(pk=asked.ticket_id).filter(merged_into=None).order_by("-pk")[0]
    return merging.merge([asked.ticket_id], other.pk, None, NOON)


JOBS: list[Callable[[Outreach], object]] = [answers, is_posted, times_out, is_noted, is_merged]


def request() -> Outreach:
    MessageFactory()  # for the ticket that is the merge target
    message = MessageFactory()
    key, sent = uuid.uuid4(), {"state": "sent", "external_id": "1.1", "payload": {"text": "?"}}
    item = OutboundItem.objects.create(key=key, kind="slack", not_before=NOON, **sent)
    person = UserFactory(role="advocate")
    return OutreachFactory(ticket=message.ticket, asked_by=person, outbound=item, ends_at=NOON, key=key)


@pytest.mark.parametrize(("first", "second"), list(permutations(JOBS, 2)), ids=lambda job: job.__name__)
def test_no_two_jobs_on_a_request_wait_for_each_other(first, second, caplog):
    def jobs() -> tuple[Job, Job]:
        Outreach.objects.update(state="declined")
        asked = request()
        return partial(first, asked), partial(second, asked)

    with Pair() as pair:
        mets = list(pair.every_switch(jobs))
    assert len(mets) >= 2
    for met in mets:
        for result in (met.first, met.second):
            assert not isinstance(result, Exception) or isinstance(result, OutcomeRefused), f"{result!r} at {met.where}"
    assert "deadlock" not in caplog.text
