from datetime import timedelta

import pytest

from channels.models import Followed, InboundItem
from mentions import receivers, tasks
from mentions.ingest.writing import following
from mentions.models import Message, Ticket
from mentions.tests.factories import NOON
from mentions.tests.platforms import arrive, ingest, said

pytestmark = pytest.mark.django_db


def test_stored_items_are_ingested_at_once(forum, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(receivers, "send_task", lambda name, *args: sent.append((name, *args)))
    with django_capture_on_commit_callbacks(execute=True):
        arrive(forum, [said("1")])
    assert sent == [("mentions.ingest", forum.pk)]


def test_sweep_finds_what_no_nudge_announced(forum):
    arrive(forum, [said(str(n)) for n in range(250)])
    assert tasks.sweep_inbox() == 250
    assert Message.objects.count() == 250
    assert tasks.sweep_inbox() == 0


def test_very_long_queue_goes_on_in_another_task(forum, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks, "send_task", lambda name, *args: sent.append((name, *args)))
    monkeypatch.setattr(tasks, "MAX_BATCHES", 2)
    monkeypatch.setattr(tasks, "BATCH", 10)
    arrive(forum, [said(str(n)) for n in range(25)])
    assert tasks.ingest(forum.pk) == 20
    assert sent == [("mentions.ingest", forum.pk)]
    assert InboundItem.objects.filter(state="pending").count() == 5


def test_cleaning_moves_the_pending_list_into_the_index(forum):
    ingest(forum, [said(str(n), text=f"word{n} more words") for n in range(50)])
    assert tasks.clean_search_index() > 0
    assert tasks.clean_search_index() == 0


def test_threads_of_open_tickets_stay_followed_and_those_of_solved_ones_expire(forum):
    ingest(forum, [said("1"), said("2")])
    Followed.objects.all().delete()
    Ticket.objects.filter(messages__external_id="2").update(status="solved")
    now = NOON + timedelta(days=3)
    assert following.renew(now) == 1
    followed = Followed.objects.get()
    assert (followed.thread_id, followed.connection, followed.namespace) == ("1", forum, "testforum")
    assert followed.until == now + timedelta(days=following.FOLLOW_DAYS)
    assert following.renew(now) == 0


def test_platform_without_threads_is_not_followed(mailbox):
    ingest(mailbox, [said("1")])
    assert following.renew(NOON) == 0
    assert not Followed.objects.exists()
