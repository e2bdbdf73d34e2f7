"""Urgent tickets: asked, not taken, escalated, taken, released, settled elsewhere. Each step happens once."""

import json
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.urls import reverse

from channels.models import OutboundItem, Team
from channels.models.connection import Priority
from experts.tests.slack_clicks import SECRET, press
from mentions.models import Event, Ticket
from mentions.queue import claims
from mentions.tests.factories import AccountFactory, MessageFactory, PersonFactory, TicketFactory, UserFactory
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused
from team import shifts
from team.models import CoverageHours, UrgentCall, UrgentPost
from team.urgent import calls, escalating, oncall, wording

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 23, tzinfo=UTC)
TEAM = "#community-advocates"


@pytest.fixture(autouse=True)
def _slack(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", TEAM
    settings.SLACK_SIGNING_SECRET, settings.ADVOCATES_SLACK_GROUP = SECRET, "S00000100"
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))


@pytest.fixture
def people():
    """Ada is on call at night, Ben has the morning shift, Cleo has none."""
    found = {}
    for number, name in enumerate(["ada", "ben", "cleo"]):
        user = found[name] = UserFactory(username=name, role="advocate")
        AccountFactory(person=PersonFactory(name=name, user=user), namespace="slack:T1", handle=f"U000000{number}")
    shifts.add_shifts(found["ada"], NIGHT.date(), time(22), time(8), ZoneInfo("UTC"), is_on_call=True)
    shifts.add_shifts(found["ben"], NIGHT.date() + timedelta(days=1), time(8), time(16), ZoneInfo("UTC"))
    return found


def a_ticket(text="Everything is down!", **kwargs):
    ticket = TicketFactory(posted_at=DAY, **kwargs)
    MessageFactory(ticket=ticket, text=text, url="https://forum.example/1")
    return ticket


def sent():
    """Sends everything queued so far to Slack."""
    for item in OutboundItem.objects.exclude(state="sent").filter(state__in=["queued", "retrying"]):
        receipt = {"ts": f"1.{item.pk}", "channel": "C1", "permalink": ""}
        OutboundItem.objects.filter(pk=item.pk).update(state="sent", receipt=receipt)


def said(place, thread=None):
    items = OutboundItem.objects.filter(kind="slack").order_by("pk")
    found = [item.payload for item in items if item.conversation.endswith(f":{place}")]
    return [one["text"] for one in found if thread is None or bool(one.get("thread_ts")) == thread]


def log(ticket):
    return list(Event.objects.filter(ticket=ticket, kind="urgent").order_by("pk").values_list("data__said", flat=True))


def minutes(count):
    return timedelta(minutes=count)


def test_marking_calls_the_team_once_by_a_real_ping_and_is_logged(people):
    ticket = a_ticket()
    first = calls.ask(ticket.pk, people["ben"], now=DAY, why="on the front page", rooms=["#ceo", "#ceo"])
    again = calls.ask(ticket.pk, people["cleo"], now=DAY)
    assert first == again
    (text,) = said(TEAM)
    assert "<!subteam^S00000100>" in text
    assert all(part in text for part in ("Everything is down!", "https://forum.example/1", "on the front page"))
    assert f"/tickets/{ticket.pk}/" in text
    assert "subteam" not in said("#ceo")[0]
    ticket.refresh_from_db()
    assert (ticket.priority, log(ticket)) == (Priority.URGENT, ["asked"])
    assert OutboundItem.objects.count() == 2


def test_outside_text_pings_nobody(people):
    calls.ask(a_ticket(text="<!channel> <@U1> down").pk, people["ben"], now=DAY, why="<!here>")
    (text,) = said(TEAM)
    assert text.count("<!") == 1
    assert "<@" not in text


def test_nobody_takes_it_the_next_person_then_all_each_once(people):
    ticket = a_ticket()
    call = calls.ask(ticket.pk, None, now=DAY)
    sent()
    for minute in range(0, 120, 5):
        for _worker in range(2):
            escalating.run(DAY + minutes(minute))
        sent()
    assert log(ticket) == ["asked", "escalated", "escalated"]
    assert [len(said(f"U000000{number}")) for number in range(3)] == [1, 1, 1]
    steps = Event.objects.filter(kind="urgent", data__said="escalated").order_by("pk")
    assert [step.data["who"] for step in steps] == ["ada", "ben, cleo"]  # the one with the next shift comes first
    assert len([text for text in said(TEAM, thread=True) if "subteam" in text]) == 1
    assert sorted(each.to[0] for each in mail.outbox) == [f"{name}@acme.example" for name in ("ada", "ben", "cleo")]
    call.refresh_from_db()
    assert (call.state, call.due_at) == ("open", None)


def test_the_hours_of_the_channels_team_say_whether_somebody_is_called(people):
    """At 23:00 the desk is closed. One channel's team is working; another's has somebody on call."""
    there, away = (Team.objects.create(name=name) for name in ("Americas", "Asia"))
    CoverageHours.objects.create(weekday=NIGHT.weekday(), starts=time(14), ends=time(0), team=there)
    shifts.add_shifts(people["cleo"], NIGHT.date(), time(22), time(8), ZoneInfo("UTC"), is_on_call=True, team=away)
    for team, called in ((there, [0, 0, 0]), (away, [0, 0, 1]), (None, [1, 0, 1])):
        calls.ask(a_ticket(channel__team=team).pk, None, now=NIGHT)
        assert [len(said(f"U000000{number}")) for number in range(3)] == called


def test_at_night_whoever_is_on_call_is_called_at_once_and_nobody_else(people, settings):
    settings.PAGER_WEBHOOK_URL, settings.PAGER_WEBHOOK_SECRET = "https://pager.example/hooks/desk", "x" * 20
    call = calls.ask(a_ticket().pk, None, now=NIGHT)
    escalating.run(NIGHT)
    escalating.run(NIGHT)
    assert [len(said(f"U000000{number}")) for number in range(3)] == [1, 0, 0]
    assert [each.to for each in mail.outbox] == [["ada@acme.example"]]
    (paged,) = OutboundItem.objects.filter(kind="webhook")
    assert (paged.payload["to"], paged.payload["body"]["key"]) == ("pager", str(call.key))
    assert paged.payload["body"]["people"] == [{"username": "ada", "email": "ada@acme.example"}]
    calls.take(call.pk, people["ada"], NIGHT + minutes(3))
    events = OutboundItem.objects.filter(kind="webhook").order_by("pk").values_list("payload__event", flat=True)
    assert list(events) == ["urgent.called", "urgent.ended"]


@pytest.mark.parametrize(
    ("now", "is_on_call", "pings"), [(DAY, True, True), (NIGHT, True, False), (NIGHT, False, True)]
)
def test_everybody_is_pinged_at_night_only_if_nobody_is_on_call(people, now, is_on_call, pings):
    people["ada"].shifts.update(is_on_call=is_on_call, starts_at=NIGHT if is_on_call else NIGHT + timedelta(hours=1))
    calls.ask(a_ticket().pk, None, now=now)
    assert ("subteam" in said(TEAM)[0]) is pings


def test_scheduler_that_was_down_goes_on_with_one_step_at_a_time(people):
    ticket = a_ticket()
    calls.ask(ticket.pk, None, now=DAY)
    sent()
    late = DAY + timedelta(hours=6)
    for minute in range(5):
        escalating.run(late + minutes(minute))
        sent()
    assert log(ticket) == ["asked", "escalated"]
    assert said(TEAM, thread=True) == ["The desk could not call anybody for 5 h 45 min."]


def test_taken_twice_has_one_owner_and_ends_the_escalation(people):
    ticket = a_ticket()
    call = calls.ask(ticket.pk, None, now=DAY)
    sent()
    calls.take(call.pk, people["ben"], DAY + minutes(1))
    assert calls.take(call.pk, people["cleo"], DAY + minutes(1)).taken_by == people["ben"]
    assert calls.take(call.pk, people["ben"], DAY + minutes(2)).taken_by == people["ben"]
    for minute in range(2, 50, 5):
        escalating.run(DAY + minutes(minute))
    ticket.refresh_from_db()
    assert (ticket.assignee, log(ticket)) == (people["ben"], ["asked", "taken"])
    (edit,) = OutboundItem.objects.filter(kind="edit")
    assert "ben is on it" in json.dumps(edit.payload["blocks"], ensure_ascii=False)
    assert wording.TAKE not in json.dumps(edit.payload["blocks"])


def test_taken_before_the_post_arrived_is_shown_there_when_it_does(people):
    call = calls.ask(a_ticket().pk, None, now=DAY)
    calls.take(call.pk, people["ben"], DAY)
    assert not OutboundItem.objects.filter(kind="edit").exists()
    sent()
    escalating.run(DAY + minutes(1))
    escalating.run(DAY + minutes(2))
    assert OutboundItem.objects.filter(kind="edit").count() == 1


def test_whoever_takes_it_and_does_nothing_frees_it_and_everybody_is_called_again(people):
    ticket = a_ticket()
    call = calls.ask(ticket.pk, None, now=NIGHT)
    calls.take(call.pk, people["ada"], NIGHT + minutes(1))
    sent()
    escalating.run(NIGHT + minutes(59))
    assert UrgentCall.objects.get().state == "taken"
    escalating.run(NIGHT + minutes(62))
    call.refresh_from_db()
    assert (call.state, call.round, call.taken_by) == ("open", 1, None)
    assert log(ticket) == ["asked", "called", "taken", "freed", "called"]
    sent()
    escalating.run(NIGHT + minutes(80))
    assert log(ticket)[-1] == "escalated"
    assert len(said("U0000000")) == 2


@pytest.mark.parametrize("how", ["held", "parked", "answered"])
def test_whoever_works_on_it_keeps_it(people, how):
    ticket = a_ticket()
    call = calls.ask(ticket.pk, None, now=DAY)
    calls.take(call.pk, people["ben"], DAY)
    later = DAY + minutes(61)
    if how == "held":
        claims.claim(people["ben"], ticket.pk, later - minutes(1))
    elif how == "parked":
        parking.park(ticket.pk, people["ben"], None, waiting_on="expert", now=DAY + minutes(2))
    else:
        MessageFactory(ticket=ticket, direction="team", posted_at=DAY + minutes(5))
    escalating.run(later)
    assert UrgentCall.objects.get().taken_by == people["ben"]


def test_taking_a_parked_ticket_brings_it_back(people):
    ticket = a_ticket(status="open")
    parking.park(ticket.pk, people["cleo"], None, waiting_on="expert", now=DAY)
    call = calls.ask(ticket.pk, people["cleo"], now=DAY)
    calls.take(call.pk, people["ben"], DAY)
    ticket.refresh_from_db()
    assert (ticket.waiting_on, ticket.assignee, ticket.is_queued) == ("", people["ben"], True)


@pytest.mark.parametrize("status", ["solved", "pending", "closed"])
def test_ticket_settled_elsewhere_ends_it_and_nobody_is_called(people, status):
    ticket = a_ticket()
    calls.ask(ticket.pk, None, now=DAY)
    sent()
    Ticket.objects.filter(pk=ticket.pk).update(status=status)
    for minute in (20, 40):
        escalating.run(DAY + minutes(minute))
    assert UrgentCall.objects.get().state == "over"
    assert log(ticket) == ["asked", "over"]
    assert len(said(TEAM, thread=True)) == 1
    assert mail.outbox == []


def test_claimed_in_the_queue_counts_as_taken(people):
    ticket = a_ticket()
    calls.ask(ticket.pk, None, now=DAY)
    claims.claim(people["cleo"], ticket.pk, DAY + minutes(14))
    escalating.run(DAY + minutes(15))
    assert UrgentCall.objects.get().taken_by == people["cleo"]
    assert "escalated" not in log(ticket)


def test_whoever_calls_for_help_is_not_called_and_does_not_count_as_having_taken_it(people):
    ticket = a_ticket()
    claims.claim(people["ada"], ticket.pk, NIGHT)
    call = calls.ask(ticket.pk, people["ada"], now=NIGHT)
    escalating.run(NIGHT + minutes(1))
    call.refresh_from_db()
    assert (call.state, said("U0000000"), len(said("U0000001"))) == ("open", [], 1)
    calls.take(call.pk, people["ben"], NIGHT + minutes(2))
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.claimed_by) == (people["ben"], None)


def test_merged_ticket_takes_its_call_along(people):
    source, target = a_ticket(), a_ticket(text="The same")
    calls.ask(source.pk, None, now=DAY)
    Ticket.objects.filter(pk=source.pk).update(merged_into=target, status="closed")
    escalating.run(DAY + minutes(1))
    assert UrgentCall.objects.get().ticket == target
    assert UrgentCall.objects.get().state == "open"


def test_undone_before_it_was_posted_nobody_hears_of_it(people):
    ticket = a_ticket(priority=Priority.NORMAL)
    call = calls.ask(ticket.pk, people["ben"], now=NIGHT)
    for _twice in range(2):
        calls.withdraw(call.pk, people["ben"], NIGHT + timedelta(seconds=5))
    escalating.run(NIGHT + minutes(30))
    assert set(OutboundItem.objects.values_list("state", flat=True)) == {"cancelled"}
    assert mail.outbox == []
    ticket.refresh_from_db()
    assert (ticket.priority, log(ticket)) == (Priority.NORMAL, ["asked", "called", "withdrawn"])


def test_undone_later_says_so_in_every_thread_once(people):
    call = calls.ask(a_ticket().pk, people["ben"], now=DAY, rooms=["#ceo"])
    sent()
    calls.withdraw(call.pk, people["ben"], DAY + minutes(3))
    escalating.run(DAY + minutes(4))
    for place in (TEAM, "#ceo"):
        (text,) = said(place, thread=True)
        assert text == "ben says it is no longer urgent."
    assert calls.ask(call.ticket_id, people["cleo"], now=DAY + minutes(9)).pk != call.pk


def test_ticket_that_is_done_cannot_be_urgent(people):
    with pytest.raises(OutcomeRefused):
        calls.ask(a_ticket(status="solved").pk, people["ben"], now=DAY)


# --- restricted -------------------------------------------------------------------------------------------------------


def test_restricted_ticket_is_only_a_link_and_only_its_circle_is_called(people):
    ticket = a_ticket(text="quokka", channel__visible_to=["admin"], subject="quokka", channel__name="quokka reports")
    manager = UserFactory(username="max", role="admin")
    call = calls.ask(ticket.pk, manager, now=NIGHT, why="quokka", rooms=["#ceo"])
    for minute in (16, 32):
        escalating.run(NIGHT + minutes(minute))
    everything = json.dumps(list(OutboundItem.objects.values_list("payload", flat=True)))
    assert "quokka" not in everything + " ".join(each.subject + each.body for each in mail.outbox)
    assert f"/tickets/{ticket.pk}/" in everything
    assert not UrgentPost.objects.exclude(slack_channel=TEAM).exists()
    with pytest.raises(OutcomeRefused):
        calls.take(call.pk, people["ada"], NIGHT)
    with pytest.raises(OutcomeRefused, match="restricted"):
        calls.post_in(call.pk, manager, ["#ceo"], NIGHT)
    assert [user.username for user in oncall.in_order(ticket, NIGHT)] == ["max"]


# --- in Slack and on the page -----------------------------------------------------------------------------------------


def test_button_in_slack_and_the_page_at_once_have_one_owner(client, people, stop_clock):
    stop_clock(DAY)
    ticket = a_ticket()
    call = calls.ask(ticket.pk, None, now=DAY)
    sent()
    client.force_login(people["cleo"])
    for _twice in range(2):
        assert press(client, DAY, wording.TAKE, call.key, user="U0000001").status_code == 200
    html = client.post(reverse("team:take", args=[call.pk]), follow=True).content.decode()
    assert "ben has taken it already" in html
    call.refresh_from_db()
    assert (call.taken_by, log(ticket)) == (people["ben"], ["asked", "taken"])


def test_somebody_without_a_login_is_told_in_the_thread(client, people, stop_clock):
    stop_clock(DAY)
    call = calls.ask(a_ticket().pk, None, now=DAY)
    sent()
    press(client, DAY, wording.TAKE, call.key, user="U0000NOBODY", name="jo")
    assert said(TEAM, thread=True) == ["jo, only people who work on the desk can take this."]
    assert UrgentCall.objects.get().state == "open"


def test_one_key_marks_shows_and_undoes(client, sam, stop_clock):
    stop_clock(DAY)
    ticket = a_ticket()
    page = reverse("mentions:ticket", args=[ticket.pk])
    assert 'data-key="!"' in client.get(page).content.decode()
    html = client.post(reverse("team:urgent", args=[ticket.pk]), follow=True).content.decode()
    call = UrgentCall.objects.get()
    undo = reverse("team:withdraw", args=[call.pk])
    assert f'action="{undo}" data-land' in html  # the toast
    assert 'id="urgent"' in client.get(reverse("mentions:queue")).content.decode()
    assert client.post(reverse("team:urgent_seen", args=[call.pk])).status_code == 204
    assert "Seen by:" in client.get(page).content.decode()
    assert "No longer urgent" in client.post(undo, follow=True).content.decode()
    assert 'id="urgent"' not in client.get(reverse("mentions:queue")).content.decode()


def test_page_takes_it_and_claims_the_ticket(client, sam, stop_clock):
    stop_clock(DAY)
    ticket = a_ticket()
    call = calls.ask(ticket.pk, None, now=DAY)
    client.post(reverse("team:take", args=[call.pk]), follow=True)
    ticket.refresh_from_db()
    assert (ticket.claimed_by, UrgentCall.objects.get().taken_by) == (sam, sam)
    client.post(reverse("team:urgent_rooms", args=[call.pk]), {"room": ["#ceo", "#ceo"]})
    client.post(reverse("team:urgent_rooms", args=[call.pk]), {"room": ["#ceo"]})
    assert len(said("#ceo")) == 1
