"""Bulk replies of an incident: previewed, individually worded, spread over time and undone together. Nobody is told
twice, whoever clicks what and however often."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from channels.models import Channel, OutboundItem
from mentions.clocks import clocks
from mentions.models import Draft, Event, Message, Reply, Ticket
from mentions.queue import claims
from mentions.replies import deliveries, dispatch_replies, replies
from mentions.tests.factories import (
    NOON,
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    PersonFactory,
    TicketFactory,
    UserFactory,
)
from mentions.tests.replying import answered
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused
from team.incidents import closing, grouping, preview, report, sending, wording
from team.models import Incident, IncidentBatch, IncidentMention, IncidentReply

NOW = NOON + timedelta(hours=1)
TEXT = "Hi {requester_name}, sorry: {incident}. See {status_page_url}"
PAGE = "https://status.acme.example/incidents/inc1"


def seconds(count):
    return timedelta(seconds=count)


def a_handle(platform="twitter", **values):
    given = {"address": "acme", "rank": 10, "settings": {"user_id": "77"}}
    return ChannelFactory(connection=ConnectionFactory(platform=platform), **{**given, **values})


def a_mention(incident, channel, by, *, name="Jane", requester=None, **ticket):
    author = requester or AuthorFactory(namespace="twitter", name=name)
    found = TicketFactory(channel=channel, requester=author, **ticket)
    MessageFactory(ticket=found, namespace="twitter", text="it is down")
    IncidentMention.objects.create(incident=incident, ticket=found, by=by, at=NOW)
    return found


@pytest.fixture
def world(db):
    """An advocate, an open incident, a handle."""

    class World:
        sam = UserFactory(role="advocate", username="sam", first_name="Sam", last_name="Lee")
        ben = UserFactory(role="advocate", username="ben")
        incident = Incident.objects.create(name="CI is down", url=PAGE, started_at=NOON, opened_at=NOON)
        handle = a_handle()

        def mention(self, **values):
            return a_mention(self.incident, values.pop("channel", self.handle), self.sam, **values)

        def lines(self, kind="answer", text=TEXT, user=None):
            return preview.lines(self.incident, kind, preview.wordings(text), user or self.sam, NOW)

        def begin(self, *, kind="answer", user=None, text=TEXT, key=None, now=NOW, after="pending", chosen=None):
            found = {line.ticket.pk: line.guard for line in self.lines(kind, text, user) if not line.why}
            return sending.begin(
                self.incident.pk, user or self.sam, key=key or uuid4(), kind=kind, text=text, status_after=after,
                chosen=found if chosen is None else chosen, now=now,
            )  # fmt: skip

        def over(self):
            Incident.objects.filter(pk=self.incident.pk).update(state="over", over_at=NOW)
            self.incident.refresh_from_db()

        def leave(self, now):
            """Sends and delivers everything that is due."""
            dispatch_replies.hand_over_due(now)
            for item in OutboundItem.objects.filter(kind="reply", state="queued"):
                values = {"state": "sent", "external_id": f"sent-{item.pk}", "sent_at": now}
                OutboundItem.objects.filter(pk=item.pk).update(**values)
                deliveries.apply(item.pk, now)

    return World()


def whys(lines):
    return {line.ticket.pk: line.why for line in lines if line.why}


def log(ticket):
    return list(
        Event.objects.filter(ticket=ticket, kind="incident").order_by("pk").values_list("data__said", flat=True)
    )


# --- preview ----------------------------------------------------------------------------------------------------------


def test_each_reply_is_in_its_own_words_from_the_handle_that_the_composer_proposes(world):
    world.mention(name="Jane")
    world.mention(name="Omar")
    world.mention(name="Li")
    first, second, third = world.lines(text="Hi {requester_name}\n---\nHello {requester_name} ({incident})")
    assert [line.text for line in (first, second, third)] == ["Hi Jane", "Hello Omar (CI is down)", "Hi Li"]
    assert first.channel == world.handle
    assert first.guard == first.ticket.messages.get().pk
    assert Reply.objects.count() == 0


@pytest.mark.parametrize("text", ["", " \n---\n ", "Hi {nobody}", "x" * 10_001])
def test_text_that_cannot_be_sent_is_refused(text):
    with pytest.raises(ValidationError):
        preview.wordings(text)


def test_default_texts_fit_every_kind_and_platform(world):
    world.mention(name="J" * 40)
    for page in ("", PAGE):
        Incident.objects.update(url=page)
        world.incident.refresh_from_db()
        for kind in ("answer", "over"):
            for text in preview.wordings(wording.default(world.incident, kind)):
                line = world.lines(text=text)[0]
                assert not line.why, (line.why, text)


def left_out_cases(world):
    """Ticket → a word from the reason it is left out."""
    held, parked, done, drafted, long, nowhere = (world.mention() for _number in range(6))
    claims.claim(world.ben, held.pk, NOW)
    parking.park(parked.pk, world.ben, None, waiting_on="expert", until=NOW + timedelta(days=1), note="", now=NOW)
    answered(done, NOON + timedelta(minutes=5))
    Draft.objects.create(ticket=drafted, user=world.sam, text="I was about to", updated_at=NOW)
    long.requester.name = "x" * 300
    long.requester.save()
    Ticket.objects.filter(pk=nowhere.pk).update(
        channel=ChannelFactory(connection=ConnectionFactory(platform="hackernews"))
    )
    secret = world.mention(channel=a_handle(visible_to=["advocate"]))
    replying = world.mention()
    Reply.objects.create(
        ticket=replying, author=world.ben, channel=world.handle, key=uuid4(), text="x", guard_message_id=1,
        state="scheduled", send_at=NOW, created_at=NOW,
    )  # fmt: skip
    return {
        held: "is working on ticket", parked: "Parked", done: "Nobody is waiting", drafted: "unsent draft",
        long: "too long", nowhere: "can’t reply there", secret: "Restricted", replying: "on its way",
    }  # fmt: skip


def test_who_could_not_be_answered_one_by_one_is_left_out_and_named(world):
    cases, fine = left_out_cases(world), world.mention()
    found = whys(world.lines())
    assert {ticket.pk for ticket in cases} == set(found)
    for ticket, word in cases.items():
        assert word in found[ticket.pk], found[ticket.pk]
    batch = world.begin(chosen=dict.fromkeys([*found, fine.pk], 10**9))
    sending.run(NOW)
    assert dict(batch.replies.filter(state="left").values_list("ticket", "why")) == found
    assert list(Reply.objects.exclude(author=world.ben).values_list("ticket", flat=True)) == [fine.pk]


def test_same_person_is_told_once_on_whatever_account(world):
    person = PersonFactory()
    accounts = [AuthorFactory(namespace="twitter", person=person) for _number in range(2)]
    first, second = (world.mention(requester=account) for account in accounts)
    again = world.mention(requester=accounts[0])
    found = whys(world.lines())
    assert set(found) == {second.pk, again.pk}
    assert f"#{first.pk}" in found[second.pk]
    world.begin()
    sending.run(NOW)
    assert Reply.objects.get().ticket == first
    assert set(whys(world.lines())) == {second.pk, again.pk}


def test_other_peoples_restricted_mentions_are_not_even_listed(world):
    world.mention(channel=a_handle(visible_to=["manager"]))
    assert world.lines() == []


# --- sending ----------------------------------------------------------------------------------------------------------


def test_replies_leave_one_after_the_other_under_the_platforms_limit(world):
    for _number in range(4):
        world.mention()
    mails = a_handle("email", address="help@acme.example")
    letter = a_mention(
        world.incident, mails, world.sam, requester=AuthorFactory(namespace="email", external_id="jane@dev.example")
    )
    letter.messages.update(namespace="email", extra={"reply_to": [], "to": [], "cc": [], "references": []})
    world.begin()
    sending.run(NOW)
    times = list(Reply.objects.filter(channel=world.handle).order_by("send_at").values_list("send_at", flat=True))
    assert [(at - NOW).total_seconds() for at in times] == [10, 20, 30, 40]
    assert Reply.objects.get(channel=mails).send_at == NOW + seconds(10)
    assert set(Ticket.objects.values_list("status", flat=True)) == {"pending"}
    left = []
    for second in range(0, 50, 10):
        dispatch_replies.hand_over_due(NOW + seconds(second))
        left.append(OutboundItem.objects.filter(kind="reply").count())
    assert left == [0, 2, 3, 4, 5]


def test_next_batch_begins_after_the_one_before(world):
    world.mention()
    world.begin()
    sending.run(NOW)
    later = world.mention()
    world.begin(now=NOW + seconds(1))
    sending.run(NOW + seconds(1))
    assert Reply.objects.get(ticket=later).send_at == NOW + seconds(20)


def test_pressed_twice_in_two_tabs_by_two_people_is_sent_once(world):
    tickets = [world.mention() for _number in range(3)]
    key = uuid4()
    found = {line.ticket.pk: line.guard for line in world.lines()}
    assert world.begin(key=key) == world.begin(key=key, chosen=found)
    for user in (world.sam, world.ben):
        with pytest.raises(sending.SendingRefused, match="Nobody is left"):
            world.begin(user=user, chosen=found)
    for _worker in range(3):
        sending.run(NOW)
    assert Reply.objects.count() == len(tickets)
    assert [log(ticket) for ticket in tickets] == [["answered"]] * 3
    world.leave(NOW + timedelta(minutes=5))
    assert set(Reply.objects.values_list("state", flat=True)) == {"sent"}
    assert whys(world.lines()) == {}
    assert world.lines() == []


def test_key_of_somebody_else_is_refused(world):
    world.mention()
    key = uuid4()
    world.begin(key=key)
    with pytest.raises(sending.SendingRefused, match="Reload"):
        world.begin(key=key, user=world.ben, chosen={1: 1})


def test_database_refuses_a_second_time_whatever_the_code_does(world):
    ticket, other = world.mention(), world.mention()
    batch = world.begin()
    values = {"batch": batch, "incident": world.incident, "kind": "answer"}
    with pytest.raises(IntegrityError, match="incident_told_once_per_ticket"), transaction.atomic():
        IncidentReply.objects.create(**values, ticket=ticket, recipient="author:0")
    with pytest.raises(IntegrityError, match="incident_told_once_per_person"), transaction.atomic():
        IncidentReply.objects.create(**values, ticket=TicketFactory(), recipient=preview.recipient_of(other))


@pytest.mark.parametrize("what", ["theirs", "ours", "solved", "claimed", "hidden", "closed"])
def test_what_has_changed_since_the_preview_is_left_out_and_named(world, what):
    ticket, fine = world.mention(), world.mention()
    world.begin()
    if what in ("theirs", "ours"):
        us = {"direction": "team", "author": AuthorFactory(is_us=True)} if what == "ours" else {}
        MessageFactory(ticket=ticket, posted_at=NOW, **us)
        clocks.recompute([ticket.pk])
    elif what == "claimed":
        claims.claim(world.ben, ticket.pk, NOW)
    elif what == "hidden":
        Channel.objects.filter(pk=world.handle.pk).update(visible_to=["manager"])
    else:
        Ticket.objects.filter(pk=ticket.pk).update(status=what, solved_at=NOW, no_reply_reason="praise")
    sending.run(NOW)
    item = IncidentReply.objects.get(ticket=ticket)
    assert (item.state, bool(item.why), item.reply) == ("left", True, None)
    assert log(ticket) == ["left_out"]
    assert Reply.objects.filter(ticket=fine).exists() is (what != "hidden")
    assert not Reply.objects.filter(ticket=ticket).exists()


def test_new_message_before_its_turn_stops_only_that_reply(world):
    ticket, other = world.mention(), world.mention()
    world.begin()
    sending.run(NOW)
    MessageFactory(ticket=ticket, text="it works again", posted_at=NOW + seconds(5))
    world.leave(NOW + timedelta(minutes=1))
    states = dict(Reply.objects.values_list("ticket", "state"))
    assert states == {ticket.pk: "blocked", other.pk: "sent"}
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_worker_that_died_is_finished_by_the_next_and_sends_nothing_twice(world, monkeypatch):
    for _number in range(3):
        world.mention()
    world.begin()
    real, count = sending.replies.submit, []

    def dies(*args, **kwargs):
        count.append(1)
        if len(count) == 2:
            raise SystemExit
        return real(*args, **kwargs)

    monkeypatch.setattr(sending.replies, "submit", dies)
    with pytest.raises(SystemExit):
        sending.run(NOW)
    monkeypatch.undo()
    sending.run(NOW + seconds(20))
    assert Reply.objects.count() == 3
    assert set(IncidentReply.objects.values_list("state", flat=True)) == {"sent"}


def test_volunteers_and_managers_send_nothing_in_bulk(world):
    world.mention()
    with pytest.raises(PermissionDenied):
        world.begin(user=UserFactory(role="volunteer"), chosen={1: 1})


# --- undo -------------------------------------------------------------------------------------------------------------


def test_batch_is_taken_back_as_a_whole_within_the_window(world):
    tickets = [world.mention() for _number in range(3)]
    before = list(Ticket.objects.order_by("pk").values("pk", "status", "assignee", "queued_at"))
    batch = world.begin()
    sending.run(NOW)
    assert sending.undo(batch.pk, world.sam, NOW + seconds(5)) == sending.Undone(3, 0)
    assert sending.undo(batch.pk, world.sam, NOW + seconds(5)) == sending.Undone(0, 0)
    assert list(Ticket.objects.order_by("pk").values("pk", "status", "assignee", "queued_at")) == before
    assert not Draft.objects.exclude(text="").exists()
    assert not Ticket.objects.exclude(claimed_by=None).exists()
    world.leave(NOW + timedelta(minutes=5))
    assert OutboundItem.objects.filter(kind="reply").count() == 0
    assert log(tickets[0]) == ["answered", "undone"]
    assert len(world.lines()) == 3
    world.begin(now=NOW + seconds(30))
    sending.run(NOW + seconds(30))
    assert Reply.objects.filter(state="scheduled").count() == 3


def test_undo_before_the_worker_came_submits_nothing(world):
    world.mention()
    batch = world.begin()
    sending.undo(batch.pk, world.sam, NOW)
    sending.run(NOW)
    assert Reply.objects.count() == 0
    assert IncidentReply.objects.get().state == "undone"


def test_undo_in_the_middle_keeps_what_has_left_and_says_so(world):
    for _number in range(3):
        world.mention()
    batch = world.begin()
    sending.run(NOW)
    dispatch_replies.hand_over_due(NOW + seconds(15))
    assert sending.undo(batch.pk, world.sam, NOW + seconds(16)) == sending.Undone(2, 1)
    assert len(world.lines()) == 2


def test_undo_that_was_interrupted_is_finished_by_the_sweep(world):
    world.mention()
    world.mention()
    batch = world.begin()
    sending.run(NOW)
    IncidentBatch.objects.filter(pk=batch.pk).update(undone_at=NOW, undone_by=world.sam)
    sending.run(NOW + seconds(1))
    assert set(Reply.objects.values_list("state", flat=True)) == {"undone"}


def test_somebody_elses_batch_needs_the_right_to_delete_replies(world):
    world.mention()
    batch = world.begin()
    with pytest.raises(PermissionDenied):
        sending.undo(batch.pk, UserFactory(role="volunteer"), NOW)
    assert sending.undo(batch.pk, world.ben, NOW).taken_back == 1


def test_one_that_was_undone_on_its_ticket_may_be_sent_again(world):
    world.mention()
    world.begin()
    sending.run(NOW)
    replies.undo(Reply.objects.get().pk, world.sam, NOW)
    Draft.objects.all().delete()
    Ticket.objects.update(claimed_by=None, claim_token=None, claim_expires_at=None)
    line = preview.lines(world.incident, "over", ["x"], world.sam, NOW)[0]
    sending.begin(
        world.incident.pk, world.sam, key=uuid4(), kind="answer", text=TEXT, status_after="pending",
        chosen={line.ticket.pk: line.guard}, now=NOW,
    )  # fmt: skip
    sending.run(NOW)
    assert sorted(Reply.objects.values_list("state", flat=True)) == ["scheduled", "undone"]


# --- notified when it is over -----------------------------------------------------------------------------------------


def answered_and_over(world, count=3):
    tickets = [world.mention() for _number in range(count)]
    world.begin()
    sending.run(NOW)
    world.leave(NOW + timedelta(minutes=5))
    world.over()
    return tickets


def test_everybody_who_was_answered_is_told_once_that_it_is_over(world):
    tickets = answered_and_over(world)
    by_hand = answered(world.mention(), NOON + timedelta(minutes=5))
    unanswered = world.mention()
    assert whys(world.lines("over")) == {unanswered.pk: "Nobody has answered it yet."}
    assert closing.count_unnotified(world.incident) == 4
    found = {line.ticket.pk: line.guard for line in world.lines("over") if not line.why}
    later = NOW + timedelta(hours=1)
    world.begin(kind="over", text="Over, {requester_name}!", after="solved", now=later)
    assert closing.count_unnotified(world.incident) == 0
    for user in (world.sam, world.ben):
        with pytest.raises(sending.SendingRefused, match="Nobody is left"):
            world.begin(kind="over", user=user, text="Over!", after="solved", chosen=found, now=later)
    for _worker in range(2):
        sending.run(later)
    world.leave(later + timedelta(minutes=5))
    notified = Reply.objects.filter(text__startswith="Over").values_list("ticket", "state")
    assert sorted(notified) == sorted((ticket.pk, "sent") for ticket in [*tickets, by_hand])
    assert log(tickets[0]) == ["answered", "over"]
    tickets[0].refresh_from_db()
    assert tickets[0].status == "solved"


def test_somebody_with_two_tickets_waits_to_hear_it_once(world):
    (ticket,) = answered_and_over(world, 1)
    answered(world.mention(requester=ticket.requester), NOON + timedelta(minutes=5))
    assert closing.count_unnotified(world.incident) == 1
    world.begin(kind="over", text="Over!", after="solved", now=NOW + timedelta(hours=1))
    sending.run(NOW + timedelta(hours=1))
    assert closing.count_unnotified(world.incident) == 0


def test_the_end_is_not_announced_before_it_is_over_nor_after_it_is_closed(world):
    answered_and_over(world, 1)
    Incident.objects.update(state="open", over_at=None)
    with pytest.raises(sending.SendingRefused, match="is not over"):
        world.begin(kind="over", text="Over!", after="solved")
    Incident.objects.update(state="closed", over_at=NOW)
    for kind in ("over", "answer"):
        with pytest.raises(sending.SendingRefused, match="is closed"):
            world.begin(kind=kind, text="Over!", after="solved", chosen={1: 1})


def test_whoever_wrote_again_is_only_told_if_somebody_chooses_it(world):
    (ticket,) = answered_and_over(world, 1)
    MessageFactory(ticket=ticket, posted_at=NOW + timedelta(minutes=30), text="my data is gone")
    (line,) = world.lines("over")
    assert (line.why, line.doubt) == ("", "They wrote again after our answer.")


def test_what_was_answered_cannot_be_taken_out(world):
    (ticket,) = answered_and_over(world, 1)
    with pytest.raises(OutcomeRefused, match="was already told"):
        grouping.take_back(IncidentMention.objects.get(ticket=ticket).pk, world.sam, NOW)


def test_report_names_who_answered_and_what_was_sent(world):
    answered_and_over(world, 2)
    world.begin(kind="over", text="Over!", after="solved", now=NOW + timedelta(hours=1))
    sending.run(NOW + timedelta(hours=1))
    world.leave(NOW + timedelta(hours=2))
    found = report.of(world.incident)
    assert found["people"] == [{"name": "Sam Lee", "replies": 4}]
    assert [(each["kind"], each["text"], each["by"], each["sent"]) for each in found["told"]] == [
        ("answer", TEXT, "Sam Lee", 2),
        ("over", "Over!", "Sam Lee", 2),
    ]
    assert found["told_over"] == 2


# --- pages ------------------------------------------------------------------------------------------------------------


def fields(page):
    """The fields that the preview form would send."""
    form = {name: page.context[name] for name in ("key", "shown", "text")}
    chosen = [(line.ticket.pk, line.guard) for line, is_chosen in page.context["lines"] if is_chosen]
    guards = {f"guard-{pk}": guard for pk, guard in chosen}
    return {
        **form,
        **guards,
        "ticket": [pk for pk, _guard in chosen],
        "status_after": page.context["after"],
        "send": "yes",
    }


def test_pages_preview_send_show_and_take_back(client, world):
    client.force_login(world.sam)
    ticket = world.mention(name="Jane <b>")
    url = reverse("team:incident_reply", args=[world.incident.pk, "answer"])
    page = client.get(url)
    assert "Jane &lt;b&gt;" in page.content.decode()
    data = fields(page)
    changed = client.post(url, {**data, "text": "Hi {requester_name}!"})
    assert "The text has changed" in changed.content.decode()
    assert IncidentBatch.objects.count() == 0
    assert client.post(url, {**data, "text": "Hi {x}", "send": ""}).status_code == 422
    assert client.post(url, {**data, "ticket": []}).status_code == 422
    for _click in range(2):
        assert client.post(url, fields(page)).status_code == 302
    batch = IncidentBatch.objects.get()
    shown = client.get(reverse("team:incident", args=[world.incident.pk])).content.decode()
    assert "1 being prepared" in shown
    assert 'hx-trigger="every 3s"' in shown
    assert "Take back what has not been sent" in shown
    assert "1 being prepared" in client.get(reverse("team:incident_batch", args=[batch.pk])).content.decode()
    back = client.post(reverse("team:incident_undo", args=[batch.pk]), follow=True).content.decode()
    assert "1 reply taken back." in back
    assert client.get(reverse("team:incident_reply", args=[world.incident.pk, "nothing"])).status_code == 404
    assert ticket.replies.count() == 0


def test_preview_costs_a_few_statements_for_each_ticket(world, django_assert_max_num_queries):
    for _number in range(20):
        world.mention()
    with django_assert_max_num_queries(20 * 8 + 30):
        assert len(world.lines()) == 20


# --- concurrent actions -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_people_and_two_workers_at_the_same_moment_tell_everybody_once(world):
    for _number in range(6):
        world.mention()
    found = {line.ticket.pk: line.guard for line in world.lines()}
    barrier, outcomes = threading.Barrier(4), []

    def press(user):
        try:
            barrier.wait(timeout=60)
            world.begin(user=user, chosen=found)
            sending.run(NOW)
            outcomes.append("sent")
        except sending.SendingRefused:
            sending.run(NOW)
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[user]) for user in (world.sam, world.sam, world.ben, world.ben)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(outcomes) == ["refused", "refused", "refused", "sent"]
    sending.run(NOW)
    assert Reply.objects.count() == 6
    assert len(set(Reply.objects.values_list("ticket", flat=True))) == 6
    assert Message.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_undo_against_workers_leaves_nothing_that_is_sent_later(world):
    for _number in range(6):
        world.mention()
    batch = world.begin()
    barrier = threading.Barrier(3)

    def work(do):
        try:
            barrier.wait(timeout=60)
            do()
        finally:
            connection.close()

    jobs = [lambda: sending.run(NOW), lambda: sending.run(NOW), lambda: sending.undo(batch.pk, world.sam, NOW)]
    threads = [threading.Thread(target=work, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    sending.run(NOW)
    assert set(IncidentReply.objects.values_list("state", flat=True)) == {"undone"}
    assert set(Reply.objects.values_list("state", flat=True)) <= {"undone"}
    assert set(Ticket.objects.values_list("status", flat=True)) == {"new"}
