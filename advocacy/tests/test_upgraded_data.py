"""The newest migrations on the previous release's data: the result, also after rolling back and forward."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from experts.models import Outreach
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Reply
from mentions.tests.factories import TicketFactory, UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600), pytest.mark.crash]

BEFORE = {"experts": "0003", "mentions": "0014", "channels": "0010"}
"""The last migrations of the release before."""


def back():
    for app, name in BEFORE.items():
        call_command("migrate", app, name, verbosity=0)


def forth():
    call_command("migrate", verbosity=0)


def rows(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def request(ticket, *, days, state="asked", expert=None, topic=None):
    """A request as written by the previous release."""
    asked = timezone.now() - timedelta(days=days)
    sql = """INSERT INTO experts_outreach
                    (ticket_id, expert_id, topic_id, state, text, slack_channel, slack_ts, slack_url, asked_at, error)
             VALUES (%s, %s, %s, %s, '', '#ci', '', '', %s, '') RETURNING id"""
    ((pk,),) = rows(sql, ticket.pk, expert and expert.pk, topic and topic.pk, state, asked)
    return pk


def test_requests_of_the_release_before_go_on_or_end():
    expert, topic, now = ExpertFactory(), TopicFactory(), timezone.now()
    open_, long_ago, solved = TicketFactory(status="open"), TicketFactory(status="open"), TicketFactory(status="solved")
    parked = TicketFactory(status="open", waiting_on="expert", wake_at=now + timedelta(days=3))
    back()
    made = {
        "goes on": request(open_, days=2, expert=expert),
        "asked twice": request(open_, days=1, expert=expert),
        "to its topic": request(open_, days=1, topic=topic),
        "twice to its topic": request(open_, days=1, topic=topic, state="acknowledged"),
        "old": request(long_ago, days=20, expert=expert),
        "old, but its ticket is parked": request(parked, days=20, expert=expert),
        "solved since": request(solved, days=1, expert=expert),
        "answered": request(solved, days=1, expert=expert, state="answered"),
    }
    forth()
    outreaches = {name: Outreach.objects.get(pk=pk) for name, pk in made.items()}
    assert {name: outreach.state for name, outreach in outreaches.items()} == {
        "goes on": "asked",
        "asked twice": "withdrawn",
        "to its topic": "asked",
        "twice to its topic": "withdrawn",
        "old": "no_answer",
        "old, but its ticket is parked": "asked",
        "solved since": "withdrawn",
        "answered": "answered",
    }
    assert outreaches["old, but its ticket is parked"].ends_at == parked.wake_at
    assert all(outreach.ends_at for outreach in outreaches.values() if outreach.state == "asked")


def test_states_survive_going_back_and_forth():
    now, user = timezone.now(), UserFactory()
    states, replies = {}, {}
    for state in Outreach.State:
        made = OutreachFactory(state=state, draft="So:", asked_at=now, ends_at=now + timedelta(days=2))
        states[made.pk] = state.value
    for state in Reply.State:
        ticket = TicketFactory()
        values = {"ticket": ticket, "channel": ticket.channel, "author": user, "key": uuid.uuid4(), "text": "Yes."}
        values |= {"guard_message_id": 1, "send_at": now, "created_at": now}
        replies[Reply.objects.create(state=state, **values).pk] = state.value
    back()
    assert {"asked", "acknowledged", "answered", "no_answer"} <= {
        s for (s,) in rows("SELECT state FROM experts_outreach")
    }
    assert not {"draft", "sent", "withdrawn"} & {s for (s,) in rows("SELECT state FROM experts_outreach")}
    assert {"resting", "handed"} <= {s for (s,) in rows("SELECT state FROM mentions_reply")}
    forth()
    assert dict(Outreach.objects.values_list("pk", "state")) == states
    assert dict(Reply.objects.values_list("pk", "state")) == replies
    assert [name for name in connection.introspection.table_names() if name.startswith(("aside_", "kept_"))] == []
