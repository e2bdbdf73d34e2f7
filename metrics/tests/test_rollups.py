"""Roll-ups match a slow, simple count over the messages, whatever happened to the tickets and in which order."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from math import ceil, log
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Max
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels.clocks import desk_now
from channels.models import Channel, Team
from mentions.clocks import clocks, covered, targets
from mentions.models import Message, Preference, Ticket
from mentions.tests.factories import AuthorFactory, ChannelFactory, MessageFactory, TicketFactory, UserFactory
from mentions.triage import merging, outcomes
from metrics.definitions import Filters
from metrics.figures import first_reply
from metrics.figures.source import Counted, Rolled
from metrics.models import ChangedHour, DayCount, DayTimes, RolledZone
from metrics.periods import Period
from metrics.reply_clock import CLOCKS
from metrics.rollups import keeping, reading, sketch

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata")
CHANGES = [
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, 4, tzinfo=UTC),
    datetime(2026, 2, 28, 20, tzinfo=UTC),
    datetime(2026, 12, 31, 22, tzinfo=UTC),
]
"""The nights of DST changes in Berlin and New York, and ends of months."""
LATER = datetime(2027, 2, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OF_TICKETS = (DayTimes.Measure.POSTED, DayTimes.Measure.INGESTED, DayTimes.Measure.LAG)

ACTS = (
    *("asks", "answers", "automatic", "automatic answer", "deleted", "bounced", "edited", "imported late"),
    *("solved", "reopened", "reason", "handed over", "merged", "priority", "channel", "target", "removed", "refresh"),
)


@st.composite
def histories(draw):
    """(act, ticket, minutes since the last act) each, around a night with a DST change or the end of a month."""
    acts = st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(1, 900))
    return draw(st.sampled_from(CHANGES)), draw(st.lists(acts, min_size=6, max_size=22))


class History:
    """Plays a history against the desk's own verbs."""

    def __init__(self, begin, channels, author, us, manager):
        self.now = begin - timedelta(hours=20)
        self.channels, self.author, self.us, self.manager = channels, author, us, manager
        self.ids = []

    def play(self, acts):
        for number, (act, which, minutes) in enumerate(acts):
            self.now += minutes * MINUTE
            if act == "refresh":
                keeping.refresh(desk_now())
            elif act == "asks" or not self.ids:
                self.opens(number, which, minutes)
            else:
                ticket = Ticket.objects.get(pk=self.ids[which % len(self.ids)])
                getattr(self, act.replace(" ", "_"))(ticket, which)

    def opens(self, number, which, minutes):
        ticket = TicketFactory(
            channel=self.channels[which % 3],
            requester=self.author,
            posted_at=self.now,
            created_at=self.now + minutes * MINUTE / 3,
            priority=30 if number % 2 else 20,
        )
        MessageFactory(ticket=ticket, author=self.author)
        self.ids.append(ticket.pk)
        clocks.recompute([ticket.pk])

    def says(self, ticket, **values):
        if ticket.merged_into_id:
            return
        MessageFactory(ticket=ticket, **{"posted_at": self.now, "author": self.author, **values})
        clocks.recompute([ticket.pk])

    def answers(self, ticket, which):
        self.says(ticket, direction="team", author=self.us)

    def automatic(self, ticket, which):
        self.says(ticket, is_auto=True, posted_at=ticket.posted_at - timedelta(hours=which))

    def automatic_answer(self, ticket, which):
        self.says(ticket, direction="team", author=self.us, is_auto=True)

    def imported_late(self, ticket, which):
        self.says(ticket, posted_at=ticket.posted_at - which * timedelta(hours=11))

    def _changes(self, ticket, **values):
        said = Message.objects.filter(ticket=ticket, direction="team")
        said.filter(pk=said.aggregate(last=Max("pk"))["last"]).update(**values)
        clocks.recompute([ticket.pk])

    def deleted(self, ticket, which):
        self._changes(ticket, is_deleted=True)

    def bounced(self, ticket, which):
        self._changes(ticket, is_bounced=True)

    def edited(self, ticket, which):
        self._changes(ticket, text="Another text", edited_at=self.now)

    def _set(self, ticket, **values):
        if not ticket.merged_into_id:
            Ticket.objects.filter(pk=ticket.pk).update(**values)
            clocks.recompute([ticket.pk])

    def solved(self, ticket, which):
        self._set(ticket, status="solved", solved_at=self.now)

    def reopened(self, ticket, which):
        if ticket.status == "solved":
            outcomes.reopen(ticket.pk, self.manager, now=self.now)

    def reason(self, ticket, which):
        self._set(ticket, status="solved", solved_at=self.now, no_reply_reason="praise")

    def handed_over(self, ticket, which):
        self._set(ticket, status="solved", solved_at=self.now, no_reply_reason="expert_response")

    def merged(self, ticket, which):
        others = [pk for pk in self.ids if pk != ticket.pk]
        free = Ticket.objects.filter(pk__in=[*others, ticket.pk], merged_into=None).count() == len(self.ids)
        if others and free:
            merging.merge([others[which % len(others)]], ticket.pk, self.manager, self.now)

    def priority(self, ticket, which):
        self._set(ticket, priority=(10, 20, 30, 40)[which % 4])

    def channel(self, ticket, which):
        self._set(ticket, channel=self.channels[which % 3])

    def target(self, ticket, which):
        Channel.objects.filter(pk=ticket.channel_id).update(target_minutes=(None, 60, 600)[which % 3])

    def removed(self, ticket, which):
        if which == 0 and not Ticket.objects.filter(merged_into=ticket).exists() and not ticket.merged_into_id:
            Ticket.objects.filter(pk=ticket.pk).update(first_reply_message=None)
            ticket.replies.all().delete()
            Message.objects.filter(ticket=ticket).delete()
            self.ids.remove(ticket.pk)
            ticket.delete()


def oracle(zone, hours):
    """(day, channel, high) → name → count, and → measure → seconds, from the messages one at a time."""
    tz = ZoneInfo(zone)
    counts, times = {}, {}
    for ticket in Ticket.objects.filter(merged_into=None).select_related("channel").prefetch_related("messages"):
        said = list(ticket.messages.all())
        asked = [m.posted_at for m in said if m.direction == "in" and not m.is_auto]
        any_in = [m.posted_at for m in said if m.direction == "in"]
        posted = min(asked or any_in or [ticket.posted_at])
        ours = [m.posted_at for m in said if m.direction == "team" and not (m.is_auto or m.is_deleted or m.is_bounced)]
        replies = [at for at in ours if at >= posted] if asked else []
        replied = min(replies) if replies else None
        handed = ticket.no_reply_reason in ("expert_response", "community", "spam_reported")
        needed = not ticket.no_reply_reason or (handed and replied is not None)
        due = targets.first_reply_due(posted, ticket.channel, ticket.priority, hours)
        names = ["mentions"]
        if not needed:
            names.append("no_reply")
        elif replied:
            names += ["answered", "within"] if replied <= due else ["answered"]
        else:
            names.append("open" if ticket.status in ("new", "open") else "unsettled")
        happened = [(posted, names)]
        happened += [(replied, ["replied"])] if replied and needed else []
        happened += [(ticket.solved_at, ["solved"])] if ticket.solved_at else []
        took = {2: ticket.created_at - posted}
        if replied and needed:
            took |= {0: replied - posted, 1: max(replied - ticket.created_at, timedelta())}
        for high in (False, True) if ticket.priority >= 30 else (False,):
            for at, which in happened:
                cell = (at.astimezone(tz).date(), ticket.channel_id, high)
                counts.setdefault(cell, Counter()).update(which)
            cell = (posted.astimezone(tz).date(), ticket.channel_id, high)
            for measure, span in took.items():
                times.setdefault((*cell, measure), []).append(span.total_seconds())
    return counts, times


def middle(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    low = values[int(place)]
    return low + (values[min(int(place) + 1, len(values) - 1)] - low) * (place - int(place))


def is_near(estimate, exact):
    return abs(estimate - exact) <= max(1.0, exact * sketch.ERROR * 1.0001)


def assert_equals_the_oracle(zone):
    counts, times = oracle(zone, covered.load())
    stored = {
        (row.day, row.channel_id, row.high): Counter({name: getattr(row, name) for name in reading.COUNTS})
        for row in DayCount.objects.filter(zone=zone)
    }
    assert {cell: +found for cell, found in stored.items()} == counts
    of_tickets = DayTimes.objects.filter(zone=zone, measure__in=OF_TICKETS)
    rows = {(row.day, row.channel_id, row.high, row.measure): row for row in of_tickets}
    assert rows.keys() == times.keys()
    for cell, seconds in times.items():
        row = rows[cell]
        histogram = sketch.added([(row.buckets, row.counts)])
        for share, exact in ((0.5, row.median_s), (0.75, row.p75_s), (0.9, row.p90_s)):
            assert exact == pytest.approx(middle(seconds, share), abs=1e-3)
            assert is_near(sketch.percentile(histogram, share).total_seconds(), middle(seconds, share))


class Rollups(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.channels = [ChannelFactory(), ChannelFactory(target_minutes=60), ChannelFactory(counts_coverage=True)]
        cls.author, cls.us = AuthorFactory(), AuthorFactory(is_us=True)
        cls.manager = UserFactory(role="manager")
        days = [CHANGES[3] - timedelta(days=9) + timedelta(days=n) for n in range(330)]
        covered.publish([(day.replace(hour=9), day.replace(hour=17)) for day in days if day.weekday() < 5])

    @settings(max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
    @given(histories())
    def test_rollups_equal_the_slow_count(self, history):
        begin, acts = history
        for zone in ZONES:
            keeping.build(zone)
        History(begin, self.channels, self.author, self.us, self.manager).play(acts)
        keeping.refresh(desk_now())
        for zone in ZONES:
            assert_equals_the_oracle(zone)
            assert keeping.differences(zone) == []
        before = list(DayCount.objects.order_by("zone", "day", "channel", "high").values())
        keeping.build(ZONES[0])
        after = list(DayCount.objects.order_by("zone", "day", "channel", "high").values())
        assert [{**row, "id": 0} for row in before] == [{**row, "id": 0} for row in after]
        self.assert_sums_are_those_of_the_definitions(begin)
        self.assert_reports_say_the_same_from_either_source(begin)

    def assert_sums_are_those_of_the_definitions(self, begin):
        """Over several days and channels the histogram's percentiles stay within its error."""
        for zone in ZONES:
            first = (begin - timedelta(days=40)).astimezone(ZoneInfo(zone)).date()
            period = Period(first, first + timedelta(days=90), ZoneInfo(zone))
            for high in (False, True):
                scope = reading.Scope(zone, [channel.pk for channel in self.channels], high)
                sums = reading.summed(scope.days(period), scope.times(period, DayTimes.Measure.POSTED), period)
                row = first_reply.first_reply(Ticket.objects.all(), Filters(period, high_only=high), LATER)
                for name in ("mentions", "answered", "within", "unsettled", "no_reply"):
                    assert getattr(sums, name) == getattr(row, name), name
                assert sums.open == row.overdue + row.in_time
                if row.answered:
                    for share, exact in ((0.5, row.median), (0.75, row.p75), (0.9, row.p90)):
                        assert is_near(sums.took(share).total_seconds(), exact.total_seconds())

    def assert_reports_say_the_same_from_either_source(self, begin):
        """Every count, and every percentile to the millisecond, over periods of different lengths."""
        tickets, channels = Ticket.objects.all(), tuple(channel.pk for channel in self.channels)
        for zone in ZONES:
            for days, high, clock in ((90, False, CLOCKS[0]), (90, True, CLOCKS[2]), (2, False, CLOCKS[2])):
                first = (begin - timedelta(days=days // 2)).astimezone(ZoneInfo(zone)).date()
                period = Period(first, first + timedelta(days=days), ZoneInfo(zone))
                filters = Filters(period, channel_ids=channels, high_only=high, clock=clock)
                now = begin + timedelta(days=1)
                assert said_by(Rolled(tickets, filters, now, zone)) == said_by(Counted(tickets, filters, now))


def said_by(source):
    """Everything the source reports."""

    def row(found):
        values = {name: getattr(found, name) for name in found.__slots__}
        return {name: milliseconds(value) if name in TIMES else value for name, value in values.items()}

    period = source.filters.period
    return {
        "totals": [row(source.total("all")), row(source.total("high", high=True))],
        "channels": [row(each) for each in source.channels()],
        "by day": [(day, series, milliseconds(median), n) for day, series, median, n in source.by_day()],
        "activity": source.activity(),
        "by channel": {name: source.by_channel(name, period) for name in ("mentions", "replied", "solved")},
        "mentions by day": source.mentions_by_day(),
        "slots": [source.by_slot(name) for name in ("mentions", "replied")],
    }


TIMES = ("median", "p75", "p90", "lag")


def milliseconds(span):
    return None if span is None else round(span.total_seconds(), 3)


pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def built():
    """A built zone with one answered ticket."""
    ticket = TicketFactory(posted_at=NOON, first_reply_at=NOON + timedelta(hours=2), status="solved", due_at=None)
    keeping.refresh(desk_now())
    return ticket


def test_the_desks_own_zone_is_built_first_and_a_persons_zone_when_they_choose_it(built):
    assert list(RolledZone.objects.values_list("zone", flat=True)) == ["UTC"]
    Preference.objects.create(user=UserFactory(), time_zone="Asia/Tokyo")
    keeping.refresh(desk_now())
    assert reading.version("Asia/Tokyo") is not None
    assert DayCount.objects.get(zone="Asia/Tokyo", high=False).mentions == 1


def test_what_was_built_before_the_triggers_is_built_again(built):
    """A release without the triggers may have changed tickets in between."""
    RolledZone.objects.update(built_at=datetime(2020, 1, 1, tzinfo=UTC))
    DayCount.objects.update(answered=0)
    assert reading.version("UTC") is None
    keeping.refresh(desk_now())
    assert reading.version("UTC") is not None
    assert DayCount.objects.get(high=False).answered == 1


def test_what_changes_nothing_leaves_no_note(built):
    assert not ChangedHour.objects.exists()
    Ticket.objects.update(subject="Another", assignee=UserFactory(), status="closed")
    assert not ChangedHour.objects.exists()
    before = reading.version("UTC")
    keeping.refresh(desk_now())
    assert reading.version("UTC") == before


def test_a_late_correction_reaches_a_past_day(built):
    Ticket.objects.update(first_reply_at=None, status="open")
    assert keeping.refresh(desk_now()) > 0
    row = DayCount.objects.get(high=False)
    assert (row.answered, row.open) == (0, 1)
    assert not DayTimes.objects.filter(measure=DayTimes.Measure.POSTED).exists()


def test_changed_coverage_hours_count_again_what_they_concern():
    channel = ChannelFactory(counts_coverage=True, target_minutes=60)
    TicketFactory(channel=channel, posted_at=NOON, first_reply_at=NOON + timedelta(hours=2), due_at=None)
    keeping.refresh(desk_now())
    assert DayCount.objects.get(high=False).within == 0
    tomorrow = NOON + timedelta(hours=20)
    covered.publish([(NOON - timedelta(hours=8), NOON), (tomorrow, tomorrow + timedelta(hours=8))])
    keeping.refresh(desk_now())
    assert DayCount.objects.get(high=False).within == 1
    team = Team.objects.create(name="Americas")
    covered.publish([(NOON - timedelta(hours=8), NOON + timedelta(hours=8))], team.pk)
    assert not ChangedHour.objects.exists(), "no channel has these hours"
    channel.team = team
    channel.save()
    keeping.refresh(desk_now())
    assert DayCount.objects.get(high=False).within == 0
    covered.publish([(NOON - timedelta(hours=8), NOON), (tomorrow, tomorrow + timedelta(hours=8))], team.pk)
    keeping.refresh(desk_now())
    assert DayCount.objects.get(high=False).within == 1


def test_hours_of_the_future_change_nothing_yet(built):
    soon = datetime(2126, 1, 1, tzinfo=UTC)
    covered.publish([(soon, soon + timedelta(hours=8))])
    assert not ChangedHour.objects.exists()


def test_a_difference_is_found_noted_and_not_mended(built):
    DayCount.objects.filter(high=False).update(answered=7)
    assert keeping.check(NOON) == 1
    assert RolledZone.objects.get().differences == 1
    assert DayCount.objects.get(high=False).answered == 7
    out = StringIO()
    with pytest.raises(CommandError, match="1 figures differ"):
        call_command("rebuild_figures", check=True, stdout=out)
    assert "2026-11-20" in out.getvalue()
    call_command("rebuild_figures", stdout=out)
    assert RolledZone.objects.get().differences == 0
    call_command("rebuild_figures", check=True, stdout=out)
    assert "agree" in out.getvalue()


def _values(model):
    keys = {"id", *(name for rule in model._meta.constraints for name in rule.fields)}
    return [field.name for field in model._meta.fields if field.name not in keys]


@pytest.mark.parametrize(("model", "name"), [(model, name) for model in keeping.CELLS for name in _values(model)])
def test_each_wrong_value_is_a_difference_and_built_again(built, model, name):
    row = model.objects.filter(high=False).first()
    right = getattr(row, name)
    setattr(row, name, [*right, 7] if isinstance(right, list) else right + 1)
    row.save()
    assert keeping.check(NOON) == 1
    keeping.build("UTC")
    assert keeping.check(NOON) == 0
    assert [getattr(cell, name) for cell in model.objects.filter(**_key(row))] == [right]


def _key(row):
    return {name: getattr(row, name) for rule in row._meta.constraints for name in rule.fields}


@pytest.mark.parametrize("model", [DayCount, DayTimes])
def test_a_missing_row_and_one_too_many_are_differences(built, model):
    row = model.objects.filter(high=False).first()
    model.objects.filter(pk=row.pk).delete()
    assert [cell[:3] for cell in keeping.differences("UTC")] == [("UTC", NOON.date(), built.channel_id)]
    row.day -= timedelta(days=400)
    row.save(force_insert=True)
    assert len(keeping.differences("UTC")) == 2


def test_a_check_waits_for_what_a_refresh_is_to_count(built):
    Ticket.objects.update(first_reply_at=None, status="open")
    assert keeping.check(NOON) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(0, 5e6), min_size=1, max_size=30), min_size=1, max_size=5))
def test_added_histograms_tell_percentiles_within_their_error(portions):
    histograms = []
    for portion in portions:
        bars = Counter(ceil(log(max(seconds, 1)) / log(sketch.GROWTH)) for seconds in portion)
        histograms.append((list(bars), list(bars.values())))
    every = [seconds for portion in portions for seconds in portion]
    for share in (0.5, 0.75, 0.9):
        assert is_near(sketch.percentile(sketch.added(histograms), share).total_seconds(), middle(every, share))


def test_a_build_that_is_stopped_goes_on_where_it_was(monkeypatch):
    """A killed worker or a long history costs time but no counted days, and late changes are not missed."""
    channel = ChannelFactory()
    for day in range(20):
        TicketFactory(channel=channel, posted_at=NOON + timedelta(days=day))
    monkeypatch.setattr(keeping, "MAX_RUN", timedelta(milliseconds=1))
    steps, seen = 0, []
    while reading.version("UTC") is None:
        keeping.refresh(desk_now())
        steps += 1
        seen.append(DayCount.objects.filter(zone="UTC", high=False).count())
        if steps == 2:
            Ticket.objects.order_by("posted_at").first().delete()
    assert steps > 3, "each run is short"
    assert seen == sorted(seen), "nothing is counted from the beginning again"
    monkeypatch.undo()
    keeping.refresh(desk_now())
    assert keeping.differences("UTC") == []
