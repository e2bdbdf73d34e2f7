"""Security reports on HackerOne without a click on the desk: due in one business day, solved when the report is closed
there, published with a checklist."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from advocacy.demo import preset
from advocacy.tests import scenario
from channels.contract import Hook
from channels.errors import Refused
from channels.models import Connection
from channels.models.connection import Priority
from channels.polling import receiving_webhooks
from mentions.clocks import targets
from mentions.models import Disclosure, Ticket
from mentions.queue import claims
from mentions.security_reports import closing, disclosures
from mentions.tickets import lifecycle
from mentions.triage import outcomes

desk, outside = scenario.desk, scenario.outside


def reported(desk, title="XSS in the wiki"):
    number = desk.outside.post("hackerone", text=f"Steps: {uuid.uuid4()}", author="researcher", title=title)["id"]
    desk.poll("hackerone")
    return number, desk.ticket(number)


def on_hackerone(desk, number, text="", author="sam", **more):
    desk.next_second()
    said = desk.outside.post("hackerone", text=text, author=author, reply_to=number, **more)["id"]
    desk.poll("hackerone")
    return said


def reloaded(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def test_report_is_due_in_one_business_day_whatever_its_priority(desk):
    _, ticket = reported(desk)
    channel = ticket.channel
    assert (channel.target_minutes, channel.skips_weekends, ticket.priority) == (1440, True, Priority.NORMAL)
    assert ticket.due_at == targets.due(ticket.posted_at, 1440, skips_weekends=True)
    friday = datetime(2026, 11, 20, 15, tzinfo=UTC)
    for priority in Priority.values:
        assert targets.first_reply_due(friday, channel, priority) == datetime(2026, 11, 23, 15, tzinfo=UTC)


def test_answer_leaves_the_ticket_waiting_until_the_report_is_closed_there(desk):
    number, ticket = reported(desk)
    on_hackerone(desk, number, "Thank you, we are looking into it.")
    waiting = reloaded(ticket)
    assert waiting.first_reply_at is not None
    assert (waiting.status, waiting.waiting_on, waiting.is_queued) == ("open", "report", False)
    assert waiting.wake_at > desk.now()

    on_hackerone(desk, number, state="triaged")
    assert reloaded(ticket).waiting_on == "report"
    on_hackerone(desk, number, state="resolved")
    assert (reloaded(ticket).status, reloaded(ticket).waiting_on) == ("solved", "")


def test_researcher_who_writes_brings_the_ticket_back_and_time_does(desk):
    number, ticket = reported(desk)
    on_hackerone(desk, number, "Thank you, we are looking into it.")
    on_hackerone(desk, number, "Any news?", author="researcher")
    assert (reloaded(ticket).is_queued, reloaded(ticket).waiting_on) == (True, "")
    on_hackerone(desk, number, "Soon!")
    assert reloaded(ticket).waiting_on == "report"
    desk.wait(days=8)
    lifecycle.wake_due(desk.now())
    assert reloaded(ticket).is_queued


def test_answer_and_closing_in_one_step_solve_it_at_once(desk):
    number, ticket = reported(desk)
    on_hackerone(desk, number, "Not a bug, but thank you.", state="informative")
    assert reloaded(ticket).status == "solved"


def test_report_closed_without_a_word_stays_in_the_queue_for_its_answer(desk):
    number, ticket = reported(desk)
    on_hackerone(desk, number, state="duplicate")
    assert (reloaded(ticket).status, reloaded(ticket).is_queued) == ("new", True)


def test_solving_here_waits_for_the_report_there_too(desk):
    number, ticket = reported(desk)
    sam, now = desk.user(), desk.now()
    token = claims.claim(sam, ticket.pk, now).claim_token
    on_hackerone(desk, number, "On it.")
    outcomes.answered_outside(ticket.pk, sam, token, now=desk.now())
    assert (reloaded(ticket).status, reloaded(ticket).waiting_on, reloaded(ticket).claimed_by) == (
        "open",
        "report",
        None,
    )
    event = outcomes.solve(ticket.pk, sam, None, now=desk.now())
    assert reloaded(ticket).waiting_on == "report"
    assert event.kind == "status"
    on_hackerone(desk, number, state="resolved")
    assert reloaded(ticket).status == "solved"


def test_report_that_is_reopened_there_waits_again(desk):
    number, ticket = reported(desk)
    on_hackerone(desk, number, "Fixed.", state="resolved")
    assert reloaded(ticket).status == "solved"
    on_hackerone(desk, number, state="triaged")
    assert (reloaded(ticket).status, reloaded(ticket).waiting_on) == ("open", "report")
    assert closing.settle(desk.now()) == 0


def test_lost_nudge_is_found_by_the_sweep(desk, monkeypatch):
    number, ticket = reported(desk)
    on_hackerone(desk, number, "Thanks.")
    with monkeypatch.context() as lost:
        lost.setattr("mentions.receivers.closing.settle", lambda *args: 0)
        on_hackerone(desk, number, state="resolved")
    assert reloaded(ticket).waiting_on == "report"
    assert closing.settle(desk.now()) == 1
    assert closing.settle(desk.now()) == 0
    assert reloaded(ticket).status == "solved"


def test_signed_webhook_makes_the_connection_due_and_forged_ones_nothing(desk):
    number, _ticket = reported(desk)
    webhook = next(h for h in preset.hooks(desk.outside.access()) if h["platform"] == "hackerone")
    connection = Connection.objects.get(platform="hackerone")
    body = json.dumps({"data": {"report": {"id": number, "type": "report", "attributes": {"state": "resolved"}}}})

    def call(secret):
        import hashlib
        import hmac

        signed = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        hook = Hook("POST", {"x-h1-signature": f"sha256={signed}"}, {}, body.encode())
        return receiving_webhooks.receive(connection.hook_id, hook, desk.now())

    later = desk.now() + timedelta(hours=1)
    Connection.objects.filter(pk=connection.pk).update(next_poll_at=later)
    with pytest.raises(Refused):
        call("something else")
    assert Connection.objects.get(pk=connection.pk).next_poll_at == later
    assert call(webhook["secret"]).status == 200
    assert Connection.objects.get(pk=connection.pk).next_poll_at <= desk.now()


# --- publication ------------------------------------------------------------------------------------------------------


def resolved(desk):
    number, ticket = reported(desk)
    on_hackerone(desk, number, "Fixed, thank you!", state="resolved")
    assert reloaded(ticket).status == "solved"
    return number, ticket


def check(desk, ticket, **given):
    values = {"has_nothing_sensitive": True, "fix_url": "https://acme.example/mr/1", "audience": "public", **given}
    return disclosures.check(ticket.pk, desk.user(), None, now=desk.now(), **values)


def test_reporter_who_asks_for_publication_brings_the_ticket_back_with_a_clock_of_30_days(desk):
    number, ticket = resolved(desk)
    on_hackerone(desk, number, author="researcher", activity="agreed-on-going-public")
    asked = Disclosure.objects.get(ticket=ticket)
    assert reloaded(ticket).is_queued
    assert asked.due_at == asked.asked_at + timedelta(days=30)
    on_hackerone(desk, number, "We publish it after the release.")
    assert reloaded(ticket).status == "solved"

    desk.wait(days=26)
    assert disclosures.remind(desk.now()) == 0
    desk.wait(days=1, hours=1)
    disclosures.remind(desk.now())
    assert reloaded(ticket).is_queued
    assert disclosures.remind(desk.now()) == 0
    outcomes.solve(ticket.pk, desk.user(), None, now=desk.now())
    desk.wait(days=3)
    disclosures.remind(desk.now())
    assert reloaded(ticket).is_queued


def test_a_done_checklist_is_not_reminded_of_before_the_last_day(desk):
    number, ticket = resolved(desk)
    on_hackerone(desk, number, author="researcher", activity="agreed-on-going-public")
    assert not check(desk, ticket, audience="confidential").is_checked
    assert check(desk, ticket).is_checked
    on_hackerone(desk, number, "Agreed!", activity="agreed-on-going-public")
    assert reloaded(ticket).status == "solved"
    desk.wait(days=27, hours=1)
    disclosures.remind(desk.now())
    assert reloaded(ticket).status == "solved"
    on_hackerone(desk, number, activity="report-became-public")
    asked = Disclosure.objects.get(ticket=ticket)
    assert (asked.state, asked.remind_at) == ("published", None)
    desk.wait(days=10)
    disclosures.remind(desk.now())
    assert reloaded(ticket).status == "solved"


def test_withdrawn_requests_and_our_own_have_no_clock(desk):
    number, ticket = resolved(desk)
    on_hackerone(desk, number, activity="agreed-on-going-public")
    ours = Disclosure.objects.get(ticket=ticket)
    assert (ours.is_ours, ours.due_at, ours.remind_at) == (True, None, None)
    on_hackerone(desk, number, activity="cancelled-disclosure-request")
    assert Disclosure.objects.get(ticket=ticket).state == "withdrawn"
    on_hackerone(desk, number, author="researcher", activity="agreed-on-going-public")
    assert Disclosure.objects.get(ticket=ticket).due_at is not None
    assert disclosures.note(None, desk.now()) == 0


def test_page_has_the_state_mail_and_the_checklist(desk, client):
    number, ticket = resolved(desk)
    on_hackerone(desk, number, author="researcher", activity="agreed-on-going-public")
    client.force_login(desk.user())
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "<strong>resolved</strong>" in page
    assert "researcher@wearehackerone.com" in page
    fields = {"nothing_sensitive": "1", "fix": "https://acme.example/mr/1", "audience": "public"}
    client.post(f"/tickets/{ticket.pk}/disclosure/", fields)
    assert Disclosure.objects.get(ticket=ticket).is_checked
    assert client.post(f"/tickets/{ticket.pk}/disclosure/", {**fields, "fix": "javascript:1"}).status_code == 302
    assert Disclosure.objects.get(ticket=ticket).fix_url == "https://acme.example/mr/1"
    client.force_login(desk.user("vera"))
    assert client.post(f"/tickets/{ticket.pk}/disclosure/", fields).status_code == 404
