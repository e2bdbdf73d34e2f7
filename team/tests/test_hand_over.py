"""End of day: every open ticket goes to somebody, one summary is posted, and the next person starts with it."""

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels.models import OutboundItem
from experts.models import Outreach
from experts.tests.factories import ExpertFactory, TopicFactory
from mentions.models import Draft, Event, Message, Note, Preference, Ticket
from mentions.queue import claims
from mentions.replies import drafts
from mentions.tests.factories import AccountFactory, MessageFactory, PersonFactory, TicketFactory, UserFactory
from mentions.tickets import parking
from team import shifts
from team.handover import deciding, lapsing, reminding, work
from team.handover.deciding import Choice
from team.models import Expertise, HandOver, HandOverItem, UrgentCall
from team.urgent import calls

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 15, 40, tzinfo=UTC)
TEAM = "#community-advocates"
KINDS = ("claimed", "parked", "assigned", "draft", "outreach", "urgent")


@pytest.fixture(autouse=True)
def _slack(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", TEAM


@pytest.fixture
def ada():
    user = UserFactory(username="ada", role="advocate")
    AccountFactory(person=PersonFactory(name="Ada", user=user), namespace="slack:T1", handle="U00000ADA")
    return user


@pytest.fixture
def ben(ada):
    """On the evening shift."""
    user = UserFactory(username="ben", role="advocate")
    shifts.add_shifts(user, NOW.date(), time(15), time(22), ZoneInfo("UTC"))
    return user


def make(kind, user):
    """One ticket that belongs to the user in the way that `kind` names."""
    ticket = TicketFactory(posted_at=NOW - timedelta(hours=3), status="open")
    MessageFactory(ticket=ticket)
    match kind:
        case "claimed":
            claims.claim(user, ticket.pk, NOW)
        case "parked":
            parking.park(ticket.pk, user, None, waiting_on="monitor", now=NOW)
        case "assigned":
            Ticket.objects.filter(pk=ticket.pk).update(assignee=user)
        case "draft":
            drafts.save(ticket.pk, user, "Half an answer", NOW)
        case "outreach":
            parking.park(ticket.pk, user, None, waiting_on="expert", now=NOW)
            an_outreach(ticket, user)
        case "urgent":
            calls.take(calls.ask(ticket.pk, None, now=NOW).pk, user, NOW)
    ticket.refresh_from_db()
    return ticket


def an_outreach(ticket, user):
    return Outreach.objects.create(
        ticket=ticket, expert=ExpertFactory(), asked_by=user, text="Help?", slack_channel="#dev", slack_room="C2",
        slack_ts=f"{ticket.pk}.1", asked_at=NOW, ends_at=NOW + timedelta(days=1),
    )  # fmt: skip


def is_owned(ticket, now, gone=()):
    """In the queue, due back in the queue at a set time, or held by or assigned to somebody who is still here."""
    ticket.refresh_from_db()
    if claims.is_live(ticket, now) and ticket.claimed_by_id not in gone:
        return True
    if ticket.waiting_on:
        return ticket.wake_at is not None
    return ticket.is_queued


def summaries():
    texts = OutboundItem.objects.filter(payload__channel=TEAM).values_list("payload__text", flat=True)
    return [text for text in texts if "going offline" in text]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_work_is_collected(ada, kind):
    ticket = make(kind, ada)
    (found,) = work.of(ada, NOW)
    assert (found.ticket, kind in found.kinds) == (ticket, True)
    assert found.labels


def test_page_names_the_owner_of_the_expertise_that_a_ticket_touches(client, ada, ben):
    """Matched by words or channel. The viewer's own expertises aren't named, and more tickets cost no more queries."""
    Expertise.objects.create(name="Merch", owner=ben, words=["swag"])
    Expertise.objects.create(name="Forum", owner=ada, words=["swag"])
    asked, other = make("assigned", ada), make("assigned", ada)
    asked.messages.update(text="Where is my swag?")
    client.force_login(ada)
    html = client.get(reverse("team:hand_over")).content.decode()
    assert html.count("owns “Merch”") == 1
    assert html.index(f"#{asked.pk} ") < html.index("owns “Merch”")
    assert "owns “Forum”" not in html
    touched = {each.ticket: each.touched for each in work.with_expertises(work.of(ada, NOW), ada)}
    assert [each.name for each in touched[asked]] == ["Merch"]
    assert touched[other] == []
    with CaptureQueriesContext(connection) as two:
        work.with_expertises(work.of(ada, NOW), ada)
    for _more in range(4):
        make("assigned", ada)
    with CaptureQueriesContext(connection) as six:
        work.with_expertises(work.of(ada, NOW), ada)
    assert len(six) == len(two)


@pytest.mark.parametrize("has_next", [True, False], ids=["ben", "nobody"])
@pytest.mark.parametrize("decision", ["pass", "expert", "keep", "nonsense"])
def test_nothing_is_left_unowned(ada, ben, decision, has_next):
    tickets = [make(kind, ada) for kind in KINDS]
    to = ben if has_next else None
    _day, refused = deciding.hand_over(ada, to, {t.pk: Choice(decision) for t in tickets}, now=NOW)
    later = NOW + timedelta(minutes=10)
    for ticket, kind in zip(tickets, KINDS, strict=True):
        assert is_owned(ticket, later), (kind, decision)
    left = work.of(ada, later)
    if decision == "pass":
        assert refused == []
        assert left == []
        assert not Draft.objects.filter(user=ada).exclude(text="").exists()
        assert Outreach.objects.get(state="asked").asked_by == to
        assert set(Ticket.objects.values_list("assignee", flat=True)) == {ben.pk if has_next else None}
        assert UrgentCall.objects.get().state == ("taken" if has_next else "open")
    elif decision == "expert":
        assert len(refused) == len(KINDS) - 1  # only one ticket had an expert
        assert len(left) == len(KINDS)
    else:
        assert len(left) == len(KINDS)


def test_all_kinds_and_decisions_at_once(ada, ben):
    """Every pair of kinds on one ticket, each with every decision."""
    found = []
    for (first, second), decision in itertools.product(
        itertools.combinations(("parked", "draft", "outreach", "urgent"), 2), HandOverItem.Decision.values
    ):
        ticket = make(first, ada)
        if second == "draft":
            drafts.save(ticket.pk, ada, "More", NOW)
        elif second == "outreach":
            an_outreach(ticket, ada)
        elif second == "urgent":
            calls.take(calls.ask(ticket.pk, None, now=NOW).pk, ada, NOW)
        found.append((ticket, decision))
    deciding.hand_over(ada, ben, {t.pk: Choice(d) for t, d in found}, now=NOW)
    for ticket, decision in found:
        assert is_owned(ticket, NOW), decision
    assert {each.ticket.pk for each in work.of(ada, NOW)} == {t.pk for t, d in found if d != "pass"}


def test_draft_goes_into_the_next_ones_composer_and_without_anybody_becomes_a_note(ada, ben):
    first, second = make("draft", ada), make("draft", ada)
    deciding.hand_over(ada, ben, {first.pk: Choice("pass", "finish it")}, now=NOW)
    kept = drafts.saved(first.pk, ben)
    assert (kept.text, kept.credit) == ("Half an answer", "ada")
    assert Note.objects.get().text == "Hand-over: finish it"
    deciding.hand_over(ada, None, {second.pk: Choice("pass")}, now=NOW)
    assert Note.objects.filter(ticket=second).get().text == "Unsent draft: Half an answer"


def test_expert_is_told_in_the_thread_once(ada, ben):
    ticket = make("outreach", ada)
    for _twice in range(2):
        deciding.hand_over(ada, ben, {ticket.pk: Choice("expert", "Maria knows, too")}, now=NOW)
    (said,) = OutboundItem.objects.filter(payload__thread_ts=f"{ticket.pk}.1")
    assert "going offline" in said.payload["text"]
    assert "Maria knows, too" in said.payload["text"]


@pytest.mark.parametrize("earlier", ["expert", "pass"])
def test_what_was_decided_earlier_today_can_be_decided_again_while_it_is_theirs(ada, ben, earlier):
    """An expert was asked and the ticket is handed over after all, or the ticket came back the same evening."""
    ticket = make("outreach", ada)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=ada)
    deciding.hand_over(ada, ben, {ticket.pk: Choice(earlier)}, now=NOW)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=ada)
    deciding.hand_over(ada, ben, {ticket.pk: Choice("pass", "at last")}, now=NOW)
    ticket.refresh_from_db()
    item = HandOverItem.objects.get(ticket=ticket)
    assert (ticket.assignee, item.decision, item.to, item.note) == (ben, "pass", ben, "at last")


def test_summary_is_posted_once_with_links_and_says_nothing_of_a_restricted_ticket(ada, ben):
    open_one, secret = make("assigned", ada), make("assigned", ada)
    Ticket.objects.filter(pk=secret.pk).update(subject="quokka")
    type(secret.channel).objects.filter(pk=secret.channel_id).update(visible_to=["advocate"])
    choices = {open_one.pk: Choice("pass", "watch the thread"), secret.pk: Choice("pass", "quokka")}
    for _twice in range(2):
        deciding.hand_over(ada, ben, choices, note="Calm day.", now=NOW)
    (text,) = summaries()
    assert "ada is going offline. Calm day." in text
    assert f"/tickets/{open_one.pk}/" in text
    assert "watch the thread" in text
    assert f"/tickets/{secret.pk}/" in text
    assert "quokka" not in text


@pytest.mark.parametrize("decision", ["pass", "keep"])
def test_what_could_become_important_is_posted_in_the_room_of_its_topic_once(client, ada, ben, stop_clock, decision):
    stop_clock(NOW)
    TopicFactory(name="Product", slack_channel="#product")
    ticket, secret = make("assigned", ada), make("assigned", ada)
    type(secret.channel).objects.filter(pk=secret.channel_id).update(visible_to=["advocate"])
    client.force_login(ada)
    page = reverse("team:hand_over")
    assert '<option value="#product">' in client.get(page).content.decode()
    form = {"to": ben.pk}
    for each in (ticket, secret):
        form |= {f"decision-{each.pk}": decision, f"note-{each.pk}": "quokka", f"room-{each.pk}": "#product"}
    for _twice in range(2):
        client.post(page, form)
    texts = OutboundItem.objects.filter(payload__channel="#product").values_list("payload__text", flat=True)
    open_one, restricted = sorted(texts, key=len, reverse=True)
    assert "How do I install Acme?" in open_one
    assert open_one.endswith("quokka")
    assert restricted.endswith(f"/tickets/{secret.pk}/")
    assert ticket.events.filter(kind="shared", data__channel="#product").count() == 1


def test_room_that_is_none_is_said_and_the_ticket_stays(ada, ben):
    ticket, other = make("assigned", ada), make("assigned", ada)
    choices = {ticket.pk: Choice("pass", room="everybody!"), other.pk: Choice("pass")}
    _day, refused = deciding.hand_over(ada, ben, choices, now=NOW)
    assert refused == ["Enter a Slack channel, such as #mentions."]
    assert list(HandOverItem.objects.values_list("ticket", flat=True)) == [other.pk]


@pytest.mark.parametrize("is_here", [True, False])
def test_who_owns_its_expertise_is_offered_for_a_ticket_and_proposed_while_on_shift(
    client, ada, ben, stop_clock, is_here
):
    stop_clock(NOW)
    cleo = UserFactory(username="cleo", role="advocate")
    shifts.add_shifts(cleo, NOW.date() + timedelta(days=0 if is_here else 1), time(12), time(20), ZoneInfo("UTC"))
    Expertise.objects.create(name="Merchandise", owner=cleo, words=["socks"])
    theirs, other = make("assigned", ada), make("parked", ada)
    Message.objects.filter(ticket=theirs).update(text="Where are my socks?")
    client.force_login(ada)
    html = client.get(reverse("team:hand_over")).content.decode()
    assert html.count("owns “Merchandise”") == 1
    assert (f'<option value="{cleo.pk}" selected>' in html.partition(f'name="to-{theirs.pk}"')[2]) is is_here
    assert f'name="to-{other.pk}"' not in html
    form = {f"decision-{theirs.pk}": "pass", f"to-{theirs.pk}": cleo.pk, f"decision-{other.pk}": "pass", "to": ben.pk}
    client.post(reverse("team:hand_over"), form)
    assert dict(HandOverItem.objects.values_list("ticket", "to")) == {theirs.pk: cleo.pk, other.pk: ben.pk}


def test_whoever_may_not_see_it_does_not_get_it(ada):
    vera = UserFactory(username="vera", role="volunteer")
    ticket = make("assigned", ada)
    type(ticket.channel).objects.filter(pk=ticket.channel_id).update(visible_to=["advocate"])
    deciding.hand_over(ada, vera, {ticket.pk: Choice("pass")}, now=NOW)
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.is_queued) == (None, True)


def test_somebody_else_holds_it_meanwhile_the_rest_is_done(ada, ben):
    taken, free = make("assigned", ada), make("assigned", ada)
    claims.claim(ben, taken.pk, NOW)
    Ticket.objects.filter(pk=taken.pk).update(assignee=ada)
    _day, refused = deciding.hand_over(ada, ben, {t.pk: Choice("pass") for t in (taken, free)}, now=NOW)
    free.refresh_from_db()
    assert free.assignee == ben
    assert len(refused) == 1
    assert summaries() == []  # not before the rest is decided
    deciding.hand_over(ada, ben, {taken.pk: Choice("keep")}, now=NOW)
    assert len(summaries()) == 1


# --- the next person --------------------------------------------------------------------------------------------------


def test_next_one_starts_with_it(client, ada, ben, stop_clock):
    stop_clock(NOW)
    other, ticket = make("assigned", ben), make("parked", ada)
    form = {f"decision-{ticket.pk}": "pass", f"note-{ticket.pk}": "Ask Jo", "to": ben.pk, "note": "Calm."}
    client.force_login(ada)
    assert "parked" in client.get(reverse("team:hand_over")).content.decode()
    html = client.post(reverse("team:hand_over"), form, follow=True).content.decode()
    assert "You have already handed over today." in html
    assert "Nothing is open" in html
    client.force_login(ben)
    html = client.get(reverse("mentions:queue")).content.decode()
    assert "Handed over by ada" in html
    assert "Ask Jo" in html
    item = HandOverItem.objects.get()
    begin = reverse("team:hand_over_begin", args=[item.pk])
    assert f"#{ticket.pk}" in client.post(begin, follow=True).content.decode()
    assert "Handed over by ada" not in client.get(reverse("mentions:queue")).content.decode()
    assert Event.objects.get(kind="handed_over").data["note"] == "Ask Jo"
    assert other.assignee == ben


def test_nobody_begins_for_another(client, sam, ada, ben):
    ticket = make("assigned", ada)
    deciding.hand_over(ada, ben, {ticket.pk: Choice("pass")}, now=NOW)
    item = HandOverItem.objects.get()
    assert client.post(reverse("team:hand_over_begin", args=[item.pk])).status_code == 404


def test_next_people_are_on_shift_first_and_never_away(ada, ben):
    cleo, dora = UserFactory(username="cleo", role="advocate"), UserFactory(username="dora", role="advocate")
    shifts.add_absence(dora, NOW.date(), NOW.date())
    shifts.add_shifts(cleo, NOW.date() + timedelta(days=1), time(8), time(16), ZoneInfo("UTC"))
    assert deciding.next_people(ada, NOW) == [ben, cleo]


# --- the reminder -----------------------------------------------------------------------------------------------------


def reminders():
    items = OutboundItem.objects.filter(payload__channel="U00000ADA").order_by("pk")
    return [item.payload["text"] for item in items]


def at(zone, hour, minute=0, day=23):
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/Amsterdam", "Asia/Tokyo"])
def test_reminder_comes_once_at_the_end_of_the_day_in_their_zone(ada, zone):
    Preference.objects.create(user=ada, time_zone=zone)
    shifts.add_shifts(ada, NOW.date(), time(9), time(17), ZoneInfo(zone))
    make("assigned", ada)
    for hour in range(9, 24):
        for minute in (0, 15, 30, 45):
            reminding.run(at(zone, hour, minute))
            if (hour, minute) < (16, 30):
                assert reminders() == []
    (text,) = reminders()
    assert "1 conversation is still yours" in text
    assert "/hand-over/" in text
    assert HandOver.objects.get().reminded_at == at(zone, 16, 30)


def test_no_reminder_without_open_work_or_after_handing_over(ada, ben):
    shifts.add_shifts(ada, NOW.date(), time(8), time(16), ZoneInfo("UTC"))
    assert reminding.run(NOW) == 0
    ticket = make("assigned", ada)
    deciding.hand_over(ada, ben, {ticket.pk: Choice("keep")}, now=NOW)
    assert reminding.run(NOW) == 0
    assert reminders() == []


def test_break_between_two_shifts_is_not_the_end_of_the_day(ada):
    shifts.add_shifts(ada, NOW.date(), time(8), time(12), ZoneInfo("UTC"))
    shifts.add_shifts(ada, NOW.date(), time(13), time(17), ZoneInfo("UTC"))
    make("assigned", ada)
    assert reminding.run(at("UTC", 11, 45)) == 0
    assert reminding.run(at("UTC", 16, 45)) == 1


def test_scheduler_that_was_down_reminds_late_but_not_the_next_morning(ada):
    shifts.add_shifts(ada, NOW.date(), time(8), time(16), ZoneInfo("UTC"))
    make("assigned", ada)
    assert reminding.run(at("UTC", 23)) == 0
    assert reminding.run(at("UTC", 17, 30)) == 1


def test_somebody_without_a_shift_is_reminded_if_they_worked_today(ada):
    ticket = make("assigned", ada)
    assert reminding.run(at("UTC", 17)) == 0
    Event.objects.create(ticket=ticket, at=at("UTC", 11), actor=ada, kind="noted")
    assert [reminding.run(at("UTC", hour)) for hour in (15, 17, 18)] == [0, 1, 0]


def test_page_reminds_too(client, ada, stop_clock):
    stop_clock(NOW)
    shifts.add_shifts(ada, NOW.date(), time(8), time(16), ZoneInfo("UTC"))
    make("assigned", ada)
    reminding.run(NOW)
    client.force_login(ada)
    assert "Your day is ending" in client.get(reverse("mentions:queue")).content.decode()


# --- a day without a hand-over ----------------------------------------------------------------------------------------


def lapses():
    texts = OutboundItem.objects.filter(payload__channel=TEAM).values_list("payload__text", flat=True)
    return [text for text in texts if "ended without a hand-over" in text]


def every_five_minutes(start, end, down=()):
    """The sweep, run as by beat; not run during `down`."""
    now = start
    while now <= end:
        if not down or not down[0] <= now < down[1]:
            reminding.run(now)
            lapsing.run(now)
        now += timedelta(minutes=5)


@pytest.mark.parametrize("is_down", [False, True], ids=["up", "down for six hours"])
def test_day_without_a_hand_over_is_announced_once_and_everything_is_owned(ada, is_down):
    """Nobody clicks anything. If the day ends during downtime, nobody gets a late reminder, but the team is told."""
    shifts.add_shifts(ada, NOW.date(), time(8), time(16), ZoneInfo("UTC"))
    tickets = {kind: make(kind, ada) for kind in KINDS}
    secret = make("assigned", ada)
    Ticket.objects.filter(pk=secret.pk).update(subject="quokka")
    type(secret.channel).objects.filter(pk=secret.channel_id).update(visible_to=["advocate"])
    Event.objects.update(at=NOW - timedelta(hours=1))
    down = (at("UTC", 15), at("UTC", 21)) if is_down else ()
    every_five_minutes(at("UTC", 14), at("UTC", 8, day=24), down)
    assert len(reminders()) == (0 if is_down else 1)
    (text,) = lapses()
    assert "ada’s day ended without a hand-over" in text
    assert f"/tickets/{tickets['parked'].pk}/" in text
    assert f"/tickets/{secret.pk}/" in text
    assert "quokka" not in text
    assert HandOver.objects.get().lapsed_at == at("UTC", 21 if is_down else 17)
    for kind, ticket in tickets.items():
        assert is_owned(ticket, at("UTC", 8, day=24)), kind
    every_five_minutes(at("UTC", 8, day=24), at("UTC", 9, day=24))
    assert len(lapses()) == 1


@pytest.mark.parametrize("why", ["handed over", "nothing open", "still there", "on shift again"])
def test_nothing_is_posted_about_a_day(ada, why):
    shifts.add_shifts(ada, NOW.date(), time(8), time(16), ZoneInfo("UTC"))
    ticket = make("assigned", ada) if why != "nothing open" else None
    Event.objects.update(at=NOW - timedelta(hours=1))
    match why:
        case "handed over":
            deciding.hand_over(ada, None, {ticket.pk: Choice("keep")}, now=NOW)
        case "still there":
            Event.objects.create(ticket=ticket, at=at("UTC", 17), actor=ada, kind="noted")
        case "on shift again":
            shifts.add_shifts(ada, NOW.date(), time(16, 30), time(23), ZoneInfo("UTC"))
    every_five_minutes(at("UTC", 15), at("UTC", 17, 55))
    assert lapses() == []
