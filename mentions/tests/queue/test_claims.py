"""Invariant 4: no two advocates hold the same ticket, no ticket is stuck behind a dead claim; oldest first."""

import bisect
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from mentions.models import Event, Preference, Ticket, View
from mentions.queue import claim_expiry, claims, view_tickets
from mentions.tests.concurrency import together
from mentions.tests.factories import (
    NOON,
    AuthorFactory,
    ChannelFactory,
    EventFactory,
    MessageFactory,
    TagFactory,
    TicketFactory,
    UserFactory,
    ViewFactory,
)
from mentions.tests.interleaving import Pair

LEASE = timedelta(seconds=180)


@pytest.fixture
def sam(db):
    return UserFactory(role="advocate")


@pytest.fixture
def lee(db):
    return UserFactory(role="advocate")


def queue(count, **values):
    return [TicketFactory(posted_at=NOON + timedelta(minutes=n), **values) for n in range(count)]


def follow_up(assignee, **values):
    """A ticket answered an hour ago with a new message now."""
    values = {"first_reply_at": NOON - timedelta(minutes=50), "last_message_at": NOON, "status": "open", **values}
    return TicketFactory(posted_at=NOON - timedelta(hours=1), assignee=assignee, **values)


def test_claim_takes_the_oldest_assigns_opens_and_records_it(sam):
    second, first = TicketFactory(posted_at=NOON), TicketFactory(posted_at=NOON - timedelta(minutes=1))
    ticket = claims.claim_next(sam, None, NOON)
    assert ticket == first
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee, ticket.claimed_by) == ("open", sam, sam)
    assert ticket.claim_expires_at == NOON + LEASE
    event = Event.objects.get()
    assert (event.kind, event.ticket, event.actor, event.at) == ("claimed", first, sam, NOON)
    assert event.data == {"from": "new", "to": "open", "lost_by": None, "picked": "others", "view": ""}
    second.refresh_from_db()
    assert second.status == "new"


def test_claim_again_gives_the_ticket_in_hand_with_its_token(sam):
    queue(2)
    first = claims.claim_next(sam, None, NOON)
    again = claims.claim_next(sam, ViewFactory(filters={"priority_min": 40}), NOON)
    assert (again.pk, again.claim_token) == (first.pk, first.claim_token)
    assert Event.objects.count() == 1


def prepared_statements():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("count", [3, 40])
def test_claim_takes_one_round_trip_with_one_of_ones_own_to_give_back(sam, count):
    first, second, *_others = queue(count)
    claims.claim_next(sam, None, NOON)
    with CaptureQueriesContext(connection) as queries:
        assert claims.claim_next(sam, None, NOON + LEASE) == first
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) == 1
    assert list(Ticket.objects.filter(claimed_by=sam)) == [first]
    assert list(Event.objects.filter(kind="claimed").values_list("ticket", flat=True)) == [first.pk, first.pk]
    second.refresh_from_db()
    assert second.claimed_by is None


def test_claim_behind_a_pooler_prepares_nothing(sam, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    first, second = queue(2)
    before = prepared_statements()
    filters = {"tags": [], "priority_min": 10}
    assert claims.claim_next(sam, ViewFactory(filters=filters), NOON) == first
    assert prepared_statements() == before
    second.refresh_from_db()
    assert second.claimed_by is None


def test_claim_of_an_empty_queue_is_none(sam):
    TicketFactory(status="solved")
    TicketFactory(status="open", waiting_on="expert")
    assert claims.claim_next(sam, None, NOON) is None


def test_claim_passes_over_what_others_hold(sam, lee):
    first, second = queue(2)
    assert claims.claim_next(lee, None, NOON) == first
    assert claims.claim_next(sam, None, NOON) == second


def test_ticket_behind_a_dead_claim_is_free_without_any_sweep(sam, lee):
    (ticket,) = queue(1)
    token = claims.claim_next(lee, None, NOON).claim_token
    assert claims.claim_next(sam, None, NOON + LEASE - timedelta(seconds=1)) is None
    taken = claims.claim_next(sam, None, NOON + LEASE)
    assert taken == ticket
    assert taken.claim_token != token
    assert Event.objects.filter(kind="claimed", actor=sam).get().data["lost_by"] == lee.pk
    with pytest.raises(claims.ClaimLost):
        claims.renew(ticket.pk, token, NOON + LEASE)


def test_own_dead_claim_is_given_back_recorded_and_offered_first(sam):
    old, _new = queue(2)
    Ticket.objects.filter(pk=old.pk).update(queued_at=NOON + timedelta(days=1))
    claims.claim(sam, old.pk, NOON)
    assert claims.claim_next(sam, None, NOON + LEASE) == old
    assert Event.objects.filter(kind="expired", ticket=old).get().data == {"by": sam.pk}


def test_sweep_gives_dead_claims_back_once(sam):
    (ticket,) = queue(1)
    claims.claim_next(sam, None, NOON)
    assert claim_expiry.expire_claims(NOON + LEASE - timedelta(seconds=1)) == 0
    assert claim_expiry.expire_claims(NOON + LEASE) == 1
    assert claim_expiry.expire_claims(NOON + LEASE) == 0
    ticket.refresh_from_db()
    assert (ticket.claimed_by, ticket.claim_token, ticket.is_queued, ticket.queued_at) == (None, None, True, NOON)


def test_heartbeat_keeps_the_claim(sam, lee):
    (ticket,) = queue(1)
    token = claims.claim_next(sam, None, NOON).claim_token
    later = NOON + timedelta(seconds=170)
    assert claims.renew(ticket.pk, token, later) == later + LEASE
    assert claim_expiry.expire_claims(NOON + LEASE) == 0
    assert claims.claim_next(lee, None, NOON + LEASE) is None
    with pytest.raises(claims.ClaimLost):
        claims.renew(ticket.pk, uuid.uuid4(), later)


def test_release_gives_it_back_to_its_place(sam, lee):
    first, _second = queue(2)
    ticket = claims.claim_next(sam, None, NOON)
    claims.release(ticket.pk, sam, ticket.claim_token, NOON)
    assert claims.claim_next(lee, None, NOON) == first


# --- one specific ticket ----------------------------------------------------------------------------------------------


def test_claim_of_one_ticket_held_by_another_says_by_whom(sam, lee):
    (ticket,) = queue(1)
    claims.claim(lee, ticket.pk, NOON)
    with pytest.raises(claims.AlreadyClaimed) as refused:
        claims.claim(sam, ticket.pk, NOON)
    assert refused.value.by == lee
    assert claims.claim(sam, ticket.pk, NOON + LEASE).claimed_by == sam


def test_claim_of_one_ticket_opens_a_new_one_and_leaves_any_other_status(sam):
    for status, after in (("new", "open"), ("pending", "pending"), ("solved", "solved")):
        ticket = TicketFactory(status=status)
        taken = claims.claim(sam, ticket.pk, NOON)
        assert (taken.status, Ticket.objects.get(pk=ticket.pk).status) == (after, after)
        claims.release(ticket.pk, sam, taken.claim_token, NOON)


def test_claim_of_a_second_ticket_is_refused(sam):
    first, second = queue(2)
    claims.claim(sam, first.pk, NOON)
    with pytest.raises(claims.HoldsAnother) as refused:
        claims.claim(sam, second.pk, NOON)
    assert refused.value.ticket_id == first.pk


def test_database_refuses_a_second_claim_of_one_advocate(sam):
    first, second = queue(2)
    claims.claim(sam, first.pk, NOON)
    values = {"claimed_by": sam, "claim_token": uuid.uuid4(), "claim_expires_at": NOON}
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=second.pk).update(**values)


# --- what comes first -------------------------------------------------------------------------------------------------


def test_own_tickets_come_first(sam):
    queue(2)
    mine = TicketFactory(posted_at=NOON + timedelta(hours=1), assignee=sam)
    assert claims.claim_next(sam, None, NOON) == mine


def test_follow_up_is_kept_for_an_assignee_who_is_there(sam, lee):
    ticket = follow_up(sam)
    EventFactory(ticket=ticket, actor=sam, at=NOON - timedelta(minutes=10))
    assert claims.claim_next(lee, None, NOON) is None
    assert claims.claim_next(sam, None, NOON) == ticket


@pytest.mark.parametrize(
    "change",
    [
        {"first_reply_at": None},
        {"last_message_at": NOON - timedelta(minutes=21)},
    ],
)
def test_ticket_that_is_no_fresh_follow_up_is_for_everybody(sam, lee, change):
    ticket = follow_up(sam, **change)
    EventFactory(ticket=ticket, actor=sam, at=NOON - timedelta(minutes=10))
    assert claims.claim_next(lee, None, NOON) == ticket


def test_follow_up_of_somebody_absent_is_for_everybody(sam, lee):
    ticket = follow_up(sam)
    EventFactory(ticket=ticket, actor=sam, at=NOON - timedelta(minutes=31))
    assert claims.claim_next(lee, None, NOON) == ticket


def test_shift_that_was_said_counts_more_than_activity(sam, lee):
    ticket = follow_up(sam)
    Preference.objects.create(user=sam, shift_until=NOON + timedelta(hours=1))
    assert claims.claim_next(lee, None, NOON) is None
    Preference.objects.update(shift_until=NOON - timedelta(minutes=1))
    EventFactory(ticket=ticket, actor=sam, at=NOON - timedelta(minutes=2))
    assert claims.claim_next(lee, None, NOON) == ticket


def test_follow_up_whose_lease_ran_out_is_for_everybody(sam, lee):
    ticket = follow_up(sam)
    claims.claim_next(sam, None, NOON)
    claim_expiry.expire_claims(NOON + LEASE)
    assert claims.claim_next(lee, None, NOON + LEASE) == ticket


# --- views ------------------------------------------------------------------------------------------------------------

FILTERS = {
    "channel": ({"channels": ["c1"]}, True),
    "channels": ({"channels": ["c1", "nope"]}, True),
    "other channel": ({"channels": ["nope"]}, False),
    "status": ({"statuses": ["new"]}, True),
    "unsolved": ({"statuses": ["new", "open", "pending"]}, True),
    "solved": ({"statuses": ["solved"]}, False),
    "tag": ({"tags": ["CI"]}, True),
    "no tag": ({"without_tags": ["ci"]}, False),
    "priority": ({"priority_min": 20}, True),
    "high": ({"priority_min": 30}, False),
    "nobody": ({"assignee": "none"}, True),
    "mine": ({"assignee": "me"}, False),
    "language": ({"language": "de"}, True),
    "age": ({"older_than_minutes": 0}, True),
    "old": ({"older_than_minutes": 1}, False),
    "overdue": ({"overdue": True}, False),
    "in time": ({"overdue": False}, True),
    "text": ({"text": "install"}, True),
    "other text": ({"text": "uninstalling proxies"}, False),
    "parked": ({"parked": True}, False),
    "any parked": ({"parked": "any"}, True),
}


@pytest.mark.parametrize(("parked", "is_found"), [(None, False), (False, False), (True, True), ("any", True)])
def test_view_of_several_statuses_leaves_parked_tickets_out_unless_it_asks_for_them(sam, parked, is_found):
    ticket = TicketFactory(waiting_on="expert", status="open")
    view = ViewFactory(filters={"statuses": ["new", "open", "solved"], "parked": parked})
    assert (ticket in view_tickets.tickets_in(view, sam, NOON)) is is_found


@pytest.mark.parametrize("name", FILTERS)
def test_every_view_can_be_played(name, sam):
    filters, is_found = FILTERS[name]
    ticket = TicketFactory(channel=ChannelFactory(slug="c1"), language="de")
    ticket.tags.add(TagFactory(name="ci"))
    MessageFactory(ticket=ticket)
    claimed = claims.claim_next(sam, ViewFactory(filters=filters), NOON)
    assert (claimed == ticket) is is_found


def test_ticket_of_a_hidden_channel_is_not_handed_out(sam):
    volunteer = UserFactory(role="volunteer")
    hidden = TicketFactory(channel=ChannelFactory(visible_to=["advocate"]))
    assert claims.claim_next(volunteer, None, NOON) is None
    with pytest.raises(Ticket.DoesNotExist):
        claims.claim(volunteer, hidden.pk, NOON)
    assert claims.claim_next(sam, None, NOON) == hidden


# --- many at once -----------------------------------------------------------------------------------------------------


FILL = """
INSERT INTO mentions_ticket (channel_id, requester_id, subject, status, priority, language, waiting_on, wait_note,
    posted_at, created_at, queued_at, last_message_at, no_reply_reason)
SELECT %s, %s, 'q', 'new', 20 + (n %% 2) * 10, '', '', '', at, at, at, at, ''
FROM (SELECT n, %s::timestamptz + make_interval(secs => n) AS at FROM generate_series(1, %s) n) x
"""


def fill(count):
    with connection.cursor() as cursor:
        cursor.execute(FILL, [ChannelFactory().pk, AuthorFactory().pk, NOON - timedelta(days=1), count])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("count", "filters"), [(10_000, {}), (5_000, {"priority_min": 30})], ids=["all", "filtered"])
def test_32_advocates_at_once_get_every_ticket_once_oldest_first(count, filters):
    fill(count)
    view = View.objects.create(name="v", slug="v", filters=filters)
    wanted = Ticket.objects.filter(priority__gte=filters.get("priority_min", 0)).count()
    users = [UserFactory(password="") for _ in range(32)]
    taken = [[] for _ in users]

    def play(user, out):
        while ticket := claims.claim_next(user, view, NOON):
            out.append((ticket.queued_at, ticket.pk))
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE mentions_ticket SET status = 'solved', claimed_by_id = NULL, claim_token = NULL,"
                    " claim_expires_at = NULL WHERE id = %s AND claim_token = %s",
                    [ticket.pk, ticket.claim_token],
                )
                assert cursor.rowcount == 1

    results = together(*[lambda u=u, out=out: play(u, out) for u, out in zip(users, taken, strict=True)])
    assert results == [None] * 32
    everything = [pk for out in taken for _at, pk in out]
    assert len(everything) == len(set(everything)) == wanted
    assert not Ticket.objects.filter(is_queued=True, priority__gte=filters.get("priority_min", 0)).exists()
    for out in taken:
        assert out == sorted(out)
    # A claim skips at most the tickets that the other 31 advocates are claiming at that moment.
    place = {pk: n for n, pk in enumerate(Ticket.objects.order_by("queued_at", "id").values_list("pk", flat=True))}
    order = Event.objects.filter(kind="claimed").order_by("id").values_list("ticket_id", flat=True)
    assert most_passed_over([place[pk] for pk in order]) <= 31


def most_passed_over(ranks):
    """The largest number of older tickets that were claimed after a newer one."""
    later = []
    most = 0
    for rank in reversed(ranks):
        most = max(most, bisect.bisect_left(later, rank))
        bisect.insort(later, rank)
    return most


@pytest.mark.django_db(transaction=True)
def test_one_advocate_in_many_tabs_holds_one_ticket():
    fill(50)
    user = UserFactory(role="advocate")
    results = together(*[lambda: claims.claim_next(user, None, NOON) for _ in range(8)])
    assert len({ticket.pk for ticket in results}) == 1
    assert Ticket.objects.filter(claimed_by=user).count() == 1
    assert Event.objects.filter(kind="claimed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_claiming_one_ticket_at_once_has_one_winner():
    (ticket,) = queue(1)
    users = [UserFactory(role="advocate") for _ in range(8)]
    results = together(*[lambda u=u: claims.claim(u, ticket.pk, NOON) for u in users])
    assert sum(isinstance(each, Ticket) for each in results) == 1
    assert sum(isinstance(each, claims.AlreadyClaimed) for each in results) == 7


@pytest.mark.django_db(transaction=True)
def test_heartbeat_against_sweep_has_one_winner():
    user = UserFactory(role="advocate")
    for _ in range(10):
        Ticket.objects.all().delete()
        (ticket,) = queue(1)
        token = claims.claim(user, ticket.pk, NOON).claim_token
        end = NOON + LEASE
        heartbeat = partial(claims.renew, ticket.pk, token, end)
        renewed, expired = together(heartbeat, partial(claim_expiry.expire_claims, end))
        ticket.refresh_from_db()
        if isinstance(renewed, claims.ClaimLost):
            assert expired == 1
            assert ticket.claim_token is None
        else:
            assert expired == 0
            assert ticket.claim_token == token


@pytest.mark.django_db(transaction=True)
def test_two_dead_claims_taken_crosswise_wait_for_no_one():
    """Each wants the ticket on which the other's claim has expired."""
    ann, bob = UserFactory(role="advocate"), UserFactory(role="advocate")
    hers, his = TicketFactory(), TicketFactory()
    dead = {"claim_token": None, "claimed_by": None, "claim_expires_at": None}

    def jobs():
        Ticket.objects.update(**dead)
        for user, ticket in ((ann, hers), (bob, his)):
            claims.claim(user, ticket.pk, NOON - timedelta(days=1))
        return partial(claims.claim, ann, his.pk, NOON), partial(claims.claim, bob, hers.pk, NOON)

    with Pair() as pair:
        mets = list(pair.every_switch(jobs))
    assert len(mets) >= 3
    assert {(met.first.pk, met.second.pk) for met in mets} == {(his.pk, hers.pk)}


@pytest.mark.django_db(transaction=True)
def test_two_claims_hidden_since_and_taken_crosswise_never_block_each_other():
    """Each holds a ticket that by now only the other may see, and wants the ticket that the other holds."""
    ann, bob = UserFactory(role="advocate"), UserFactory(role="manager")
    hers = TicketFactory(channel=ChannelFactory(visible_to=["manager"]))
    his = TicketFactory(channel=ChannelFactory(visible_to=["advocate"]))

    def jobs():
        for user, ticket in ((ann, hers), (bob, his)):
            Ticket.objects.filter(pk=ticket.pk).update(
                claimed_by=user, claim_token=uuid.uuid4(), claim_expires_at=NOON + LEASE
            )
        return partial(claims.claim, ann, his.pk, NOON), partial(claims.claim, bob, hers.pk, NOON)

    with Pair() as pair:
        mets = list(pair.every_switch(jobs))
    assert len(mets) >= 3
    for met in mets:
        assert all(isinstance(each, Ticket | claims.AlreadyClaimed) for each in (met.first, met.second)), met


@pytest.mark.django_db(transaction=True)
def test_a_ticket_hidden_since_that_somebody_writes_to_keeps_nobody_from_claiming_another():
    """The holder can't see it, so "you hold another ticket" would be a dead end."""
    ann = UserFactory(role="advocate")
    hidden, free = TicketFactory(channel=ChannelFactory(visible_to=["manager"])), TicketFactory()

    @transaction.atomic
    def write():
        Ticket.objects.select_for_update().get(pk=hidden.pk)
        Ticket.objects.filter(pk=hidden.pk).update(subject="written")

    def jobs():
        Ticket.objects.update(claimed_by=None, claim_token=None, claim_expires_at=None)
        held = {"claimed_by": ann, "claim_token": uuid.uuid4(), "claim_expires_at": NOON + LEASE}
        Ticket.objects.filter(pk=hidden.pk).update(**held)
        return write, partial(claims.claim, ann, free.pk, NOON)

    with Pair() as pair:
        mets = list(pair.every_switch(jobs))
    assert len(mets) >= 2
    assert {met.second for met in mets} == {free}


@pytest.mark.django_db(transaction=True)
def test_taking_again_waits_for_no_ticket_that_somebody_has_locked(caplog):
    """Two replies return their tickets to their writers at once; each writer's expired claim is on the other ticket."""
    users, tickets = [UserFactory(role="advocate") for _ in range(2)], [TicketFactory() for _ in range(2)]

    @transaction.atomic
    def again(user, ticket):
        return claims.take_again(Ticket.objects.select_for_update().get(pk=ticket.pk), user, NOON)

    def jobs():
        Ticket.objects.update(claimed_by=None, claim_token=None, claim_expires_at=None)
        for user, ticket in zip(users, tickets, strict=True):
            Ticket.objects.filter(pk=ticket.pk).update(claimed_by=user, claim_token=uuid.uuid4(), claim_expires_at=NOON)
        return partial(again, users[0], tickets[1]), partial(again, users[1], tickets[0])

    with Pair() as pair:
        mets = list(pair.every_switch(jobs))
    assert len(mets) >= 2
    assert all(isinstance(each, bool) for met in mets for each in (met.first, met.second))
    assert "left out" not in caplog.text


def test_ticket_that_could_not_be_taken_again_is_nobodys_to_the_caller_too(sam, monkeypatch):
    """Another tab claims its next ticket after the check here: the unique constraint refuses the second claim."""
    other, ticket = TicketFactory(), TicketFactory()
    Ticket.objects.filter(pk=other.pk).update(claimed_by=sam, claim_token=uuid.uuid4(), claim_expires_at=NOON + LEASE)
    monkeypatch.setattr(claims, "_holds_nothing", lambda user, now: True)
    assert claims.take_again(ticket, sam, NOON) is False
    assert (ticket.claimed_by_id, ticket.claim_token, ticket.claim_expires_at) == (None, None, None)
