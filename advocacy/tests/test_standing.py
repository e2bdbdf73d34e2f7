"""A dead part is noticed: on the pages, in the health report and as an alarm, raised by whatever still runs."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
import redis as redis_client
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.db import InterfaceError, OperationalError
from django.urls import reverse

from advocacy.monitoring import heartbeats, standing, watchman
from advocacy.monitoring.heartbeats import BEAT, SILENT_AFTER_S, queue_part
from advocacy.runtime import redis_client as our_redis
from channels.clocks import desk_now
from channels.models import Alarm, OutboundItem
from channels.outbox import hold_sending
from mentions.tests.factories import ChannelFactory, TicketFactory
from metrics import tasks as metrics_tasks
from metrics.models import Alert, DayCount
from metrics.rollups import keeping

pytestmark = pytest.mark.django_db
_silent_parts = standing.silent_parts
EVERYBODY = heartbeats.parts()


@pytest.fixture(autouse=True)
def own_keys(monkeypatch, settings):
    """The real Redis, with this test's own keys."""
    run = uuid.uuid4()
    monkeypatch.setattr(standing, "silent_parts", _silent_parts)
    monkeypatch.setattr(heartbeats, "_seen", lambda name: f"test:{run}:seen:{name}")
    monkeypatch.setattr(heartbeats, "_missed", lambda name: f"test:{run}:missed:{name}")
    for name in ("NOTED", "WATCHING"):
        monkeypatch.setattr(standing, name, f"test:{run}:{name}")
    monkeypatch.setattr(watchman, "REPORTED", f"test:{run}:told")
    settings.ALARM_MAILS = ["ops@acme.example"]
    settings.SLACK_TOKEN = ""


def seen(*names, s_ago=0.0):
    heartbeats.mark(names)
    for name in names:
        our_redis.client().pexpire(heartbeats._seen(name), int((heartbeats.CACHE_TTL_S - s_ago) * 1000))


def watch(at=None):
    our_redis.client().delete(standing.WATCHING)
    return standing.watch(at or desk_now())


def others(dead):
    return [name for name in EVERYBODY if name != dead]


# --- heartbeats -----------------------------------------------------------------------------------------------------


def test_every_queue_has_a_heartbeat_and_words_of_its_own():
    names = [queue.name for queue in django_settings.CELERY_TASK_QUEUES]
    assert [BEAT, *map(queue_part, names)] == EVERYBODY
    assert set(names) == set(standing.CONSEQUENCES), "say what stands still without it"


def test_silence_is_the_age_of_the_mark_by_the_clock_of_redis():
    seen(*EVERYBODY)
    seen("queue:polls", s_ago=100)
    silences = heartbeats.silences()
    assert 99 < silences["queue:polls"] < 105
    assert all(silences[name] < 5 for name in others("queue:polls"))


def test_after_redis_was_emptied_nobody_is_silent_at_once():
    assert max(heartbeats.silences().values()) < 5
    our_redis.client().pexpire(heartbeats._missed(BEAT), int((heartbeats.CACHE_TTL_S - 80) * 1000))
    assert heartbeats.silences()[BEAT] > 79, "but whoever does not come is missed"


class FakeWorker:
    """The worker as the step sees it: its queues, and sent tasks."""

    def __init__(self, *queues, fails=False):
        self.sent, self.fails = [], fails
        self.app = self.amqp = self.queues = self
        self.consume_from = dict.fromkeys(queues)

    def send_task(self, name, **options):
        if self.fails:
            raise OSError("no broker")
        self.sent.append((name, options["queue"]))


def test_a_worker_marks_its_own_queues_and_looks_after_the_others():
    worker = FakeWorker("polls")
    heartbeats.Heartbeat(worker).tick(worker)
    assert heartbeats.was_seen("queue:polls")
    assert not heartbeats.was_seen("queue:desk")
    assert worker.sent == [(heartbeats.WATCH, "polls")]


def test_a_worker_without_redis_goes_on(monkeypatch):
    worker = FakeWorker("polls", fails=True)
    heartbeats.Heartbeat(worker).tick(worker)
    monkeypatch.setattr(our_redis.client(), "pipeline", lambda **_: (_ for _ in ()).throw(redis_client.ConnectionError))
    heartbeats.Heartbeat(worker).tick(worker)


# --- alarms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dead", EVERYBODY)
def test_a_dead_part_raises_one_alarm_and_one_notification_when_it_is_back(dead):
    seen(*others(dead))
    seen(dead, s_ago=SILENT_AFTER_S - 10)
    assert watch() == 0, "a restart is reported to nobody"
    seen(dead, s_ago=SILENT_AFTER_S + 1)
    assert watch() == 1
    assert watch() == 0
    assert len(mail.outbox) == 1
    words = mail.outbox[0].body
    assert "Start it: celery -A advocacy" in words
    assert dead.removeprefix("queue:").lower() in words.lower()
    seen(dead)
    assert watch() == 1
    assert "working again" in mail.outbox[1].body
    assert not Alarm.objects.filter(cleared_at=None).exists()


def test_the_alarm_comes_within_two_minutes():
    assert SILENT_AFTER_S + heartbeats.MARK_EVERY_S + standing.WATCH_EVERY_S < 120
    assert watchman.AWAY_AFTER_S + 2 * watchman.LOOK_EVERY_S < 120


def test_many_watchers_at_once_tell_once():
    seen(*others("queue:polls"))
    seen("queue:polls", s_ago=500)
    assert [standing.watch(desk_now()) for _ in range(3)] == [1, 0, 0]


def test_slack_hears_of_it_though_the_worker_that_sends_is_the_dead_one(settings, monkeypatch):
    posted = []
    monkeypatch.setattr("channels.slack.api.post", lambda payload, key: posted.append(payload) or _receipt())
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#advocates"
    seen(*others("queue:replies"))
    seen("queue:replies", s_ago=500)
    assert watch() == 1
    assert "The worker for replies has not been seen for 8 min: no replies are sent." in posted[0]["text"]
    assert OutboundItem.objects.get().state == "sent"


def _receipt():
    from channels.slack.api import SlackReceipt

    return SlackReceipt("1.1", "https://acme.slack.example/p1", channel="C1")


def test_an_alarm_of_a_part_and_one_of_a_connection_do_not_clear_each_other(settings):
    from channels.monitoring import alarms

    seen(*others(BEAT))
    seen(BEAT, s_ago=500)
    watch()
    alarms.sweep(desk_now() + timedelta(hours=1))
    assert Alarm.objects.get(cleared_at=None).state == BEAT


# --- beat's watchman ------------------------------------------------------------------------------------------------


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def guard(clock, monkeypatch):
    """The test's own connection must not be closed."""
    monkeypatch.setattr(watchman, "close_old_connections", lambda: None)
    return watchman.Watchman(clock=lambda: clock[0])


def test_beat_tells_when_no_worker_at_all_is_seen(guard):
    seen(BEAT)
    seen(*others(BEAT), s_ago=500)
    guard.look(desk_now())
    assert len(mail.outbox) == len(EVERYBODY) - 1


def test_beat_leaves_it_to_the_workers_while_one_is_there(guard):
    seen(*others("queue:polls"))
    seen("queue:polls", s_ago=500)
    guard.look(desk_now())
    assert mail.outbox == []


def test_beat_tells_that_redis_is_away_and_that_it_is_back(guard, clock, monkeypatch):
    seen(*EVERYBODY)
    monkeypatch.setattr(watchman, "is_redis_there", lambda: False)
    for _ in range(4):
        clock[0] += watchman.LOOK_EVERY_S
        guard.look(desk_now())
    assert len(mail.outbox) == 1
    assert "Redis is not responding" in mail.outbox[0].body
    watch()  # a worker's, once Redis is back
    assert "working again" in mail.outbox[1].body


def test_beat_tells_that_the_database_is_away_once_and_that_it_is_back(guard, clock, monkeypatch):
    second = watchman.Watchman(clock=lambda: clock[0])
    monkeypatch.setattr(watchman, "is_database_there", lambda: False)
    for _ in range(6):
        clock[0] += watchman.LOOK_EVERY_S
        guard.look(desk_now())
        second.look(desk_now())
    assert [message.body.splitlines()[0] for message in mail.outbox] == [
        "⚠ The database is not responding: the desk is down. No stored data is lost."
    ]
    monkeypatch.undo()
    monkeypatch.setattr(watchman, "is_database_there", lambda: True)
    monkeypatch.setattr(watchman, "is_redis_there", lambda: True)
    monkeypatch.setattr(standing, "watch_alone", lambda now: 0)
    guard.look(desk_now())
    assert mail.outbox[1].body.startswith("✓")


def test_the_watch_goes_on_after_a_round_that_failed(monkeypatch):
    stopped, rounds = threading.Event(), []

    class Failing:
        def look(self, now):
            rounds.append(now)
            if len(rounds) == 2:
                stopped.set()
            raise OperationalError("gone")

    monkeypatch.setattr(watchman, "LOOK_EVERY_S", 0.01)
    watchman.keep_watch(Failing(), stopped)
    assert len(rounds) == 2


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(client):
    """permissions → the text of the queue's page."""

    def get(*permissions):
        user = User.objects.create(username=f"u{uuid.uuid4().hex[:8]}")
        wanted = [name.split(".")[1] for name in ("mentions.view_ticket", *permissions)]
        user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
        client.force_login(user)
        return client.get(reverse("mentions:queue")).content.decode()

    return get


def test_pages_tell_those_who_can_do_something(page):
    seen(*others("queue:polls"))
    seen("queue:polls", s_ago=130)
    words = "The worker for polls has not been seen for 2 min: no mentions come in."
    assert words in page("channels.view_connection")
    assert words not in page()
    seen("queue:polls")
    assert words not in page("channels.view_connection")


def test_pages_without_redis_say_so_and_come_all_the_same(page, monkeypatch):
    dead = redis_client.Redis.from_url("redis://127.0.0.1:1/0", socket_timeout=0.2)
    monkeypatch.setattr(standing, "client", lambda: dead)
    assert "Redis is not responding" in page("channels.view_connection")


def test_pages_tell_everybody_of_a_restored_copy(page, monkeypatch):
    seen(*EVERYBODY)
    monkeypatch.setattr(hold_sending, "why_held_back", lambda: hold_sending.COPY)
    watch()
    assert "manage.py after_restore" in page()
    assert "manage.py after_restore" in mail.outbox[0].body, "an alarm as well"
    assert json.loads(our_redis.client().get(standing.NOTED)) == {
        "held": "copy",
        "review": 0,
        "figures": 0,
        "incidents": [],
        "alerts": [],
    }


def test_pages_tell_readers_of_reports_what_is_unusual(page):
    seen(*EVERYBODY)
    now = desk_now()
    figures = {"count": 12, "usual": 2.5, "weeks": 8}
    secret = ChannelFactory(name="quokkaleak", visible_to=["admin"])
    for channel in (ChannelFactory(name="Talk"), secret):
        Alert.objects.create(kind="spike", channel=channel, began_at=now, at=now, figures=figures)
    watch()
    words = "Unusually many mentions: Talk (Hacker News), 12 within an hour, usually 2.5"
    assert words in page("mentions.view_reports")
    assert reverse("metrics:alerts") in page("mentions.view_reports")
    assert words not in page()
    assert "quokkaleak" not in page("mentions.view_reports")
    Alert.objects.update(ended_at=now)
    watch()
    assert words not in page("mentions.view_reports")


def test_figures_that_differ_from_the_tickets_are_an_alarm_and_stay_as_they_are(page):
    """The nightly check says so; somebody has to find out why before they are counted again."""
    seen(*EVERYBODY)
    TicketFactory(posted_at=desk_now())
    keeping.refresh(desk_now())
    watch()
    assert not mail.outbox
    DayCount.objects.filter(high=False).update(mentions=7)
    metrics_tasks.check()
    watch()
    assert "rebuild_figures" in mail.outbox[-1].body
    assert "rebuild_figures" in page("mentions.view_reports")
    assert DayCount.objects.get(high=False).mentions == 7


def test_pages_tell_of_what_waits_for_a_decision(page):
    seen(*EVERYBODY)
    now = desk_now()
    OutboundItem.objects.create(
        key=uuid.uuid4(), kind="slack", conversation="x", payload={"channel": "c", "text": "t"},
        state="queued", not_before=now, held_at=now,
    )  # fmt: skip
    watch()
    text = page("channels.settle_outbounditem")
    assert "1 item from before the restore needs your review." in text
    assert reverse("mentions:held") in text
    assert "needs your review" not in page("channels.view_connection")


def test_the_channels_page_shows_who_is_silent(client):
    seen(*others("queue:polls"))
    seen("queue:polls", s_ago=500)
    watch()
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(reverse("channels:health")).content.decode()
    assert "The worker for polls has not been seen for 8 min" in page


def test_asking_costs_a_page_no_query(django_assert_num_queries):
    seen(*EVERYBODY)
    with django_assert_num_queries(0):
        assert standing.troubles() == []


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("connection already closed")])
def test_pages_without_the_database_say_so(client, monkeypatch, error):
    client.raise_request_exception = False

    def away(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("mentions.views.home.redirect", away)
    monkeypatch.setattr("mentions.views.home.render", away, raising=False)
    client.force_login(User.objects.create_superuser("root2"))
    answer = client.get("/")
    assert answer.status_code == 503
    assert "The database is not responding" in answer.content.decode()
    assert answer["Retry-After"]
