"""Two weeks of the sandbox's history replayed: invariants of every ticket, and the figures of the reports."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

import pytest
from django.db.models import Count, F, Q
from django.utils import timezone

from advocacy.demo import history
from advocacy.tests import scenario
from advocacy.tests.scenario import misplaced, wrong_clocks
from channels.models import Channel, InboundItem
from mentions.clocks import clocks
from mentions.models import Event, Message, MessageRevision, Sighting, ThreadPost, Ticket
from metrics.definitions import Filters
from metrics.figures import first_reply
from metrics.periods import Period
from sandbox import launch

pytestmark = pytest.mark.django_db
DAYS = 14
PLATFORMS = (
    *("twitter", "hackernews", "email", "reddit", "disqus", "discourse", "stackexchange", "facebook", "gitlab"),
    *("hackerone", "lobsters", "youtube", "slack", "chatlog", "statuspage", "mastodon", "bluesky"),
)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory, django_db_setup, django_db_blocker):
    """Once per module, in a transaction that is rolled back at the end."""
    from django.db import transaction

    with (
        launch.start(tmp_path_factory.mktemp("outside"), history_days=DAYS) as running,
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        with scenario.connected(running):
            history.replay(lambda line: None)
            yield running
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _history(replayed):
    """All tests here read the same history."""


def test_history_is_read_whole_and_without_trouble():
    assert not InboundItem.objects.exclude(state__in=("stored", "ignored")).exists()
    assert Ticket.objects.count() > 300
    spaces = Message.objects.values_list("namespace", flat=True).distinct()
    read = {space.partition(":")[0] for space in spaces}
    assert read - {"feed"} == set(PLATFORMS), "no answer is seen in a feed, so that its past is only the last hours"


def on(platform):
    """The messages of a platform in any of its namespaces: its name, or its name and a site."""
    return Message.objects.filter(Q(namespace=platform) | Q(namespace__startswith=f"{platform}:"))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_mention_of_the_truth_is_one_message_and_nothing_else_is(replayed, platform):
    truth = replayed.truth(platform, search=True)
    messages = on(platform)
    known = dict(messages.values_list("external_id", "direction"))
    aliases = dict(messages.filter(aliases__isnull=False).values_list("aliases__external_id", "external_id"))
    for entry in truth["mentions"]:
        assert known.get(entry["id"]) == "in", entry
        assert [known.get(each) for each in entry.get("ids", ())[1:] if each in known] == []
        assert all(aliases[each] == entry["id"] for each in entry.get("ids", ())[1:])
    ours = {entry["id"] for entry in truth["ours"]}
    allowed = {entry["id"] for kind in ("mentions", "optional", "automatic") for entry in truth.get(kind, ())}
    assert {external_id for external_id, direction in known.items() if direction == "team"} <= ours
    assert {external_id for external_id, direction in known.items() if direction != "team"} <= allowed


def test_nobody_has_two_tickets_in_a_thread_and_no_post_is_both_message_and_context():
    askers = Message.objects.filter(direction="in", ticket__isnull=False).exclude(namespace="email")
    twice = askers.values("namespace", "thread_id", "author").annotate(n=Count("ticket", distinct=True)).filter(n__gt=1)
    assert list(twice) == []
    strangers = askers.exclude(author=F("ticket__requester"))
    assert list(strangers.values_list("ticket", "external_id")) == []
    for platform in PLATFORMS:
        messages = on(platform)
        both = ThreadPost.objects.filter(
            namespace__in=messages.values("namespace"), external_id__in=messages.values("external_id")
        )
        assert list(both) == []


def test_stored_clocks_are_those_of_the_messages():
    assert wrong_clocks(Ticket.objects.all()) == []
    assert clocks.recompute(Ticket.objects.values_list("pk", flat=True)) == 0


def test_no_first_reply_is_before_its_mention():
    assert not Ticket.objects.filter(first_reply_at__lt=F("posted_at")).exists()
    assert not Ticket.objects.filter(first_reply_at__isnull=False, due_at__isnull=False).exists()


def test_own_messages_are_never_work():
    """No ticket starts with one of our posts, and none waits for an answer to one."""
    own = Ticket.objects.filter(requester__is_us=True)
    assert list(own.values_list("pk", "status", "subject")) == []
    only_ours = Ticket.objects.annotate(asked=Count("messages", filter=Q(messages__direction="in"))).filter(asked=0)
    assert not only_ours.filter(is_queued=True).exists()


def test_what_is_queued_waits_for_an_answer_and_what_waits_is_queued():
    assert misplaced(Ticket.objects.all()) == []


def test_ticket_that_was_answered_was_solved_when_it_was():
    answered = Ticket.objects.filter(status="solved", first_reply_at__isnull=False)
    assert answered.count() > 200
    assert not answered.filter(solved_at__lt=F("first_reply_at")).exists()
    assert not answered.filter(solved_at=None).exists()


def test_times_of_the_past_are_of_the_past():
    late = Ticket.objects.filter(created_at__gt=F("posted_at") + timedelta(minutes=10))
    assert list(late.values_list("pk", "posted_at", "created_at")) == []
    assert not Ticket.objects.filter(created_at__lt=F("posted_at")).exists()
    assert not Event.objects.filter(at__gt=timezone.now()).exists()


def test_every_message_of_a_poll_was_seen_by_its_own_channel():
    searched = InboundItem.objects.filter(role="mention").values("pk")
    unseen = Message.objects.filter(direction="in", sightings=None, item_id__in=searched)
    assert list(unseen.values_list("namespace", "external_id")) == []
    for message in (
        Message.objects.filter(direction="in").prefetch_related("sightings__channel").select_related("channel")
    ):
        seen = {s.channel_id: s.channel.rank for s in message.sightings.all()}
        if seen:
            assert message.channel_id in seen
            assert message.channel.rank == min(seen.values())
    assert Sighting.objects.values("message").annotate(n=Count("pk")).filter(n__gt=1).exists()


def test_only_what_was_edited_has_older_texts(replayed):
    edited = {e["id"] for e in replayed.truth("twitter", search=True)["mentions"] if len(e["ids"]) > 1}
    found = set(MessageRevision.objects.values_list("message__external_id", flat=True))
    assert found <= edited


def counted(channel, begin, end):
    """The time from `begin` to `end` that counts towards the target: day by day, without weekends if the channel skips
    them."""
    spent, at = timedelta(), begin
    while at < end:
        midnight = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        if not (channel.skips_weekends and at.weekday() >= 5):
            spent += min(midnight, end) - at
        at = midnight
    return spent


FIGURES = ("mentions", "answered", "within", "overdue", "in_time", "unsettled", "no_reply")


def truth_of(tickets, period, now):
    """The report's figures, counted from the rows of messages in plain Python."""
    times, figures = [], dict.fromkeys(FIGURES, 0)
    for ticket in tickets:
        if ticket.channel.connection.platform == "slack":
            continue  # our own people ask there
        said = [m for m in ticket.messages.all() if not m.is_auto]
        asked = min((m.posted_at for m in said if m.direction == "in"), default=ticket.posted_at)
        ours = [m for m in said if m.direction == "team" and not m.is_deleted and not m.is_bounced]
        reply_times = [m.posted_at for m in ours if m.posted_at >= asked]
        is_live = any(m.direction == "in" and not m.is_deleted for m in said)
        if not period.start <= asked < period.end:
            continue
        own, goal = ticket.channel.target_minutes, 300 if ticket.priority >= 30 else 420
        target = timedelta(minutes=own or goal)
        figures["mentions"] += 1
        is_left = ticket.no_reply_reason and not (reply_times and ticket.no_reply_reason in Ticket.HANDED_OVER)
        if is_left:
            figures["no_reply"] += 1
        elif reply_times and any(m.direction == "in" for m in said):
            figures["answered"] += 1
            times.append(min(reply_times) - asked)
            figures["within"] += counted(ticket.channel, asked, min(reply_times)) <= target
        elif ticket.status not in ("new", "open"):
            figures["unsettled"] += 1
        else:
            is_late = is_live and counted(ticket.channel, asked, now) > target
            figures["overdue" if is_late else "in_time"] += 1
    return figures, median(times) if times else None


def is_about(value, middle):
    """PostgreSQL rounds microseconds differently."""
    return value == middle or abs(value - middle) <= timedelta(microseconds=1)


@pytest.mark.parametrize("high", [False, True], ids=["all", "high"])
def test_first_reply_report_is_what_the_messages_say(high):
    now = timezone.now()
    today = now.date()
    tickets = list(Ticket.objects.select_related("channel__connection").prefetch_related("messages"))
    for first, last in ((DAYS, 0), (7, 0), (13, 8), (3, 3)):
        period = Period(today - timedelta(days=first), today - timedelta(days=last))
        chosen = [t for t in tickets if not high or t.priority >= 30]
        figures, middle = truth_of(chosen, period, now)
        report = first_reply.first_reply(Ticket.objects.all(), Filters(period), now, high=high)
        assert {name: getattr(report, name) for name in figures} == figures
        assert is_about(report.median, middle)
        if first == DAYS:
            assert report.answered > 50


def test_first_reply_report_by_channel_is_what_the_messages_say():
    now = timezone.now()
    period = Period(now.date() - timedelta(days=DAYS), now.date())
    asked = Ticket.objects.exclude(channel__connection__platform="slack")
    tickets = list(asked.select_related("channel__connection").prefetch_related("messages"))
    rows = first_reply.first_reply_by_channel(Ticket.objects.all(), Filters(period), now)
    assert {row.channel_id for row in rows} == {t.channel_id for t in tickets}
    for row in rows:
        figures, middle = truth_of([t for t in tickets if t.channel_id == row.channel_id], period, now)
        assert {name: getattr(row, name) for name in figures} == figures, row.label
        assert is_about(row.median, middle), row.label
    assert not Ticket.objects.filter(channel__in=Channel.objects.filter(to_queue=False)).exists()
