"""Each person's work matches a slow, simple walk over events and messages, whatever happened in which order: counted
from the tickets and from roll-ups."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels.clocks import desk_now
from mentions.models import Event, Message, Reply, Ticket
from mentions.tests.factories import (
    AuthorFactory,
    ChannelFactory,
    EventFactory,
    MessageFactory,
    PersonFactory,
    TicketFactory,
    UserFactory,
)
from mentions.triage import merging
from metrics.advocates import work_counts
from metrics.definitions import Filters
from metrics.periods import Period
from metrics.rollups import keeping
from metrics.tests.test_rollups import CHANGES, ZONES

HOUR = timedelta(hours=1)
SOLVED = {"from": {"status": "open"}, "to": {"status": "solved"}}
ACTS = (
    *("claims", "claims", "solves", "solves", "gives reason", "answers", "answers", "answers from the desk"),
    *("deleted", "bounced", "moved", "redated", "relinked", "merged", "channel", "priority", "refresh", "removed"),
)
SEEN = Counter()
"""Figure → how often anybody had it, over all histories."""


@st.composite
def histories(draw):
    """(act, ticket, person, hours from the beginning) each; late arrivals are as frequent as punctual ones."""
    acts = st.tuples(st.sampled_from(ACTS), st.integers(0, 3), st.integers(0, 2), st.integers(0, 120))
    return draw(st.sampled_from(CHANGES)), draw(st.lists(acts, min_size=15, max_size=35))


class Workload(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.channels = [ChannelFactory() for _ in range(2)]
        cls.users = [UserFactory(role="manager") for _ in range(3)]
        cls.people = [PersonFactory(user=user, is_us=True) for user in cls.users]
        cls.accounts = [AuthorFactory(is_us=True, person=person) for person in cls.people]

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        assert all(SEEN[name] for name in work_counts.NAMES if name != "assigned"), SEEN

    @settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
    @given(histories())
    def test_workload_equals_the_slow_walk(self, history):
        begin, acts = history
        self.begin = begin - 2 * 24 * HOUR
        for zone in ZONES:
            keeping.build(zone)
        self.tickets = [
            TicketFactory(channel=self.channels[n % 2], posted_at=self.begin, priority=(20, 30)[n % 2])
            for n in range(4)
        ]
        for act, which, who, hours in acts:
            getattr(self, act.replace(" ", "_"))(
                Ticket.objects.get(pk=self.tickets[which].pk), who, self.begin + hours * HOUR
            )
        keeping.refresh(desk_now())
        for zone in ZONES:
            assert keeping.differences(zone) == []
            self.assert_all_say_the_same(ZoneInfo(zone))

    def assert_all_say_the_same(self, tz):
        first = self.begin.astimezone(tz).date()
        for skipped, days in ((0, 9), (1, 1), (2, 0), (3, 2)):
            start = first + timedelta(days=skipped)
            for high in (False, True):
                period = Period(start, start + timedelta(days=days), tz)
                filters = Filters(period, high_only=high)
                slow = self.walk(period, high)
                chosen = filters.narrow(Ticket.objects.all())
                for said in (work_counts.rolled(filters), work_counts.counted(chosen, period)):
                    assert {name: Counter(found) for name, found in said.items()} == slow
                for name, found in slow.items():
                    SEEN[name] += found.total()
                    for user in self.users:
                        listed = chosen.filter(work_counts.condition(name, period, user.pk))
                        assert listed.count() == found[user.pk], name

    def walk(self, period, high):
        """Figure → user → tickets."""
        did = {name: set() for name in ("worked_on", "answered_by", "solved_by", "no_reply_by")}

        def is_then(at):
            return period.first <= at.astimezone(period.tz).date() <= period.last

        for ticket in Ticket.objects.filter(merged_into=None):
            if high and ticket.priority < 30:
                continue
            for event in ticket.events.all():
                if event.actor_id and is_then(event.at):
                    did["worked_on"].add((event.actor_id, ticket.pk))
                    if event.kind == "no_reply":
                        did["no_reply_by"].add((event.actor_id, ticket.pk))
                    if event.data.get("to", {}).get("status") == "solved":
                        did["solved_by"].add((event.actor_id, ticket.pk))
            for message in ticket.messages.filter(direction="team", is_deleted=False, is_bounced=False):
                reply = Reply.objects.filter(message=message).first()
                person = message.author.person
                who = reply.author_id if reply else person.user_id if person else None
                if who and is_then(message.posted_at):
                    did["answered_by"].add((who, ticket.pk))
        return {name: Counter(who for who, _ticket in pairs) for name, pairs in did.items()}

    # --- acts ---------------------------------------------------------------------------------------------------------

    def claims(self, ticket, who, at):
        EventFactory(ticket=ticket, at=at, actor=self.users[who], kind="claimed")

    def solves(self, ticket, who, at):
        EventFactory(ticket=ticket, at=at, actor=self.users[who], kind="status", data=SOLVED)

    def gives_reason(self, ticket, who, at):
        EventFactory(ticket=ticket, at=at, actor=self.users[who], kind="no_reply")

    def answers(self, ticket, who, at):
        if ticket.merged_into_id is None:
            MessageFactory(ticket=ticket, posted_at=at, direction="team", author=self.accounts[who])

    def answers_from_the_desk(self, ticket, who, at):
        if ticket.merged_into_id is None:
            brand = self.accounts[(who + 1) % 3]
            message = MessageFactory(ticket=ticket, posted_at=at, direction="team", author=brand)
            values = {"author": self.users[who], "channel": ticket.channel, "state": "sent", "message": message}
            times = {"created_at": at, "send_at": at}
            Reply.objects.create(ticket=ticket, key=uuid4(), guard_message_id=0, **times, **values)

    def _last(self, ticket):
        return Message.objects.filter(pk__in=ticket.messages.order_by("-pk")[:1])

    def deleted(self, ticket, who, at):
        self._last(ticket).update(is_deleted=True)

    def bounced(self, ticket, who, at):
        self._last(ticket).update(is_bounced=True)

    def redated(self, ticket, who, at):
        self._last(ticket).update(posted_at=at)

    def moved(self, ticket, who, at):
        """Moved to another ticket by hand."""
        other = Ticket.objects.get(pk=self.tickets[who].pk)
        if other.merged_into_id is None:
            self._last(ticket).update(ticket=other)

    def relinked(self, ticket, who, at):
        """An account turns out to be another person's; a person gets another login."""
        type(self.accounts[who]).objects.filter(pk=self.accounts[who].pk).update(person=self.people[(who + 1) % 3])
        if at.hour % 2:
            type(self.people[who]).objects.filter(pk=self.people[who].pk).update(user=None)

    def merged(self, ticket, who, at):
        others = Ticket.objects.filter(merged_into=None, pk__in=[t.pk for t in self.tickets]).exclude(pk=ticket.pk)
        if others and ticket.merged_into_id is None:
            merging.merge([others[who % len(others)].pk], ticket.pk, self.users[0], at)

    def channel(self, ticket, who, at):
        Ticket.objects.filter(pk=ticket.pk).update(channel=self.channels[who % 2])

    def priority(self, ticket, who, at):
        Ticket.objects.filter(pk=ticket.pk).update(priority=(20, 30, 40)[who])

    def refresh(self, ticket, who, at):
        keeping.refresh(desk_now())

    def removed(self, ticket, who, at):
        Event.objects.filter(pk__in=ticket.events.order_by("-pk")[:1]).delete()
