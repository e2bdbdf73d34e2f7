"""Issues on a tracker, from the ticket to the message that tells the requester it is solved, without a click."""

import uuid

import pytest

from advocacy.tests import scenario
from channels.models import Connection, OutboundItem
from channels.outbox import outbox
from mentions.models import Draft, Issue, IssueLink, Ticket
from mentions.models.parking_reasons import DEFAULT_WAIT
from mentions.queue import claims
from mentions.tickets import lifecycle
from mentions.tickets.transitions import OutcomeRefused
from mentions.trackers import assigning, closing, following, linking, opening, places, wording

desk, outside = scenario.desk, scenario.outside


def reported(desk, text="The runner forgets its cache"):
    first = desk.outside.post("twitter", text=f"@acme {text} {uuid.uuid4()}", author=f"u{uuid.uuid4().hex[:8]}")["id"]
    desk.poll("twitter")
    return desk.ticket(first)


def project(name="acme/support"):
    return next(each for each in places.projects() if each.name == name)


def open_issue(desk, ticket, **how):
    given = {
        "key": uuid.uuid4(), "project": project(), "title": f"Cache {uuid.uuid4().hex[:6]}",
        "text": wording.text_of(ticket), **how,
    }  # fmt: skip
    return opening.open_issue(ticket.pk, desk.user(), None, now=desk.now(), **given)


def open_and_send(desk, ticket, **how):
    issue = open_issue(desk, ticket, **how)
    desk.send_due()
    read(desk)
    issue.refresh_from_db()
    return issue


def read(desk):
    Issue.objects.filter(state__in=Issue.FOLLOWED).update(due_at=desk.now())
    following.read_due(desk.now())


def issues_on_gitlab(desk, issue):
    return [one for one in desk.outside.truth("gitlab")["desk"] if one.get("title") == issue.title]


def on_gitlab(desk, issue, state):
    desk.next_second()
    desk.outside.post("gitlab", text="Fixed in 17.2.", author="nadia", reply_to=issue.external_id, state=state)


def reloaded(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def test_closed_issue_brings_the_ticket_back_and_the_answer_ends_the_loop(desk):
    ticket = reported(desk)
    issue = open_and_send(desk, ticket)
    assert (issue.state, issue.error) == ("open", "")
    (seen,) = issues_on_gitlab(desk, issue)
    assert f"/tickets/{ticket.pk}/" in seen["text"]
    assert issue.url.endswith(f"/acme/support/-/issues/{issue.external_id.partition('#')[2]}")
    desk.reply(reloaded(ticket), f"We track it: {issue.url}")
    assert reloaded(ticket).status == "solved"
    desk.wait(days=90)
    lifecycle.close_solved(desk.now())
    assert reloaded(ticket).status == "solved"

    on_gitlab(desk, issue, "close")
    read(desk)
    link = IssueLink.objects.get(issue=issue)
    assert reloaded(ticket).is_queued
    assert link.came_back_at is not None
    assert issue.url in Draft.objects.get(ticket=ticket, user=desk.user()).text
    read(desk)
    assert [e.data["said"] for e in ticket.events.filter(kind="issue")].count("closed") == 1

    desk.wait(seconds=1)
    desk.reply(reloaded(ticket), "It is solved!")
    closing.mark_notified(desk.now())
    link.refresh_from_db()
    assert link.told_at is not None
    assert reloaded(ticket).status == "solved"
    desk.wait(days=90)
    lifecycle.close_solved(desk.now())
    assert reloaded(ticket).status == "closed"


def test_poll_of_the_project_finds_the_closing_at_once(desk):
    ticket = reported(desk)
    issue = open_and_send(desk, ticket, project=project("acme/enterprise"), waits=True)
    assert (reloaded(ticket).waiting_on, reloaded(ticket).is_queued) == ("issue", False)
    desk.poll("gitlab")
    assert Issue.objects.get(pk=issue.pk).due_at > desk.now()
    on_gitlab(desk, issue, "close")
    desk.poll("gitlab")
    assert Issue.objects.get(pk=issue.pk).due_at <= desk.now()
    following.read_due(desk.now())
    assert reloaded(ticket).is_queued


def test_issue_reopened_before_anybody_was_told_is_no_news(desk):
    ticket = reported(desk)
    issue = open_and_send(desk, ticket)
    on_gitlab(desk, issue, "close")
    read(desk)
    on_gitlab(desk, issue, "reopen")
    read(desk)
    link = IssueLink.objects.get(issue=issue)
    assert (Issue.objects.get(pk=issue.pk).state, link.came_back_at) == ("open", None)
    on_gitlab(desk, issue, "close")
    read(desk)
    link.refresh_from_db()
    assert link.came_back_at is not None


def test_double_click_opens_one_and_a_second_tab_asks_first(desk):
    ticket, key = reported(desk), uuid.uuid4()
    issue = open_issue(desk, ticket, key=key)
    assert open_issue(desk, ticket, key=key) == issue
    with pytest.raises(opening.AlreadyOpened):
        open_issue(desk, ticket)
    desk.send_due()
    desk.send_due()
    issue.refresh_from_db()
    assert len(issues_on_gitlab(desk, issue)) == 1
    with pytest.raises(opening.AlreadyOpened):
        open_issue(desk, ticket)
    second = open_issue(desk, ticket, again=True)
    assert second != issue


def test_answer_that_was_cut_off_is_looked_up_and_not_opened_twice(desk):
    ticket = reported(desk)
    issue = open_issue(desk, ticket)
    desk.outside.control("faults", platform="gitlab", kind="drop_after_accept", count=1)
    desk.send_due()
    issue.refresh_from_db()
    desk.outside.control("faults/clear")
    assert issue.outbound.state in ("uncertain", "retrying", "sent")
    for _ in range(4):
        desk.recover(minutes=10)
    issue.refresh_from_db()
    assert issue.state == "open"
    assert len(issues_on_gitlab(desk, issue)) == 1


def test_tracker_that_refuses_says_what_to_do_and_the_ticket_comes_back(desk):
    ticket = reported(desk)
    nowhere = places.Project(project().connection, "acme/nothing-there")
    issue = open_issue(desk, ticket, project=nowhere, waits=True)
    assert reloaded(ticket).waiting_on == "issue"
    desk.send_due()
    issue.refresh_from_db()
    assert issue.state == "failed"
    assert "Choose another project" in issue.error
    assert reloaded(ticket).is_queued
    opening.retry(issue.pk, desk.user(), desk.now())
    assert Issue.objects.get(pk=issue.pk).state == "opening"
    desk.send_due()
    assert Issue.objects.get(pk=issue.pk).state == "failed"


def test_link_by_address_shows_the_state_and_waits(desk):
    place = desk.outside.post("gitlab", text="Old bug", author="somebody", title="Old bug", to="acme/packaging")["id"]
    number = place.partition("#")[2]
    url = f"{desk.outside.http_url}/gitlab/acme/packaging/-/issues/{number}"
    one, other = reported(desk), reported(desk)
    issue = linking.link(one.pk, desk.user(), None, url=url, waits=True, now=desk.now())
    assert issue.state == "looking"
    assert linking.link(one.pk, desk.user(), None, url=f"{url}#note_1", now=desk.now()) == issue
    assert linking.link(other.pk, desk.user(), None, url=url, now=desk.now()) == issue
    read(desk)
    issue.refresh_from_db()
    assert (issue.state, issue.title, issue.external_id) == ("open", "Old bug", place)
    assert reloaded(one).waiting_on == "issue"
    on_gitlab(desk, issue, "close")
    read(desk)
    assert (reloaded(one).is_queued, reloaded(one).waiting_on) == (True, "")
    assert IssueLink.objects.filter(issue=issue, came_back_at__isnull=False).count() == 2


@pytest.mark.parametrize("address", ["https://elsewhere.example/x/y/-/issues/1", "javascript:alert(1)", "no link"])
def test_address_of_no_known_tracker_is_refused(desk, address):
    with pytest.raises(OutcomeRefused):
        linking.link(reported(desk).pk, desk.user(), None, url=address, now=desk.now())


def test_linked_issue_that_is_not_there_brings_the_ticket_back(desk):
    ticket = reported(desk)
    url = f"{desk.outside.http_url}/gitlab/acme/packaging/-/issues/99999"
    issue = linking.link(ticket.pk, desk.user(), None, url=url, waits=True, now=desk.now())
    read(desk)
    issue.refresh_from_db()
    assert issue.state == "missing"
    assert "cannot find it" in issue.error
    assert reloaded(ticket).is_queued


def test_assigned_to_oneself_and_to_experts(desk):
    ticket = reported(desk)
    issue = open_and_send(desk, ticket, assignees=("acme-desk",))
    assert issue.assignees == ["acme-desk"]
    link, key = IssueLink.objects.get(issue=issue), uuid.uuid4()
    for _ in range(2):
        assigning.assign(link.pk, desk.user(), key=key, names=["@nadia"], now=desk.now())
    desk.send_due()
    read(desk)
    issue.refresh_from_db()
    assert set(issue.assignees) == {"acme-desk", "nadia"}
    assert OutboundItem.objects.filter(kind="assign").count() == 1
    assigning.assign(link.pk, desk.user(), key=uuid.uuid4(), names=["nobody-here"], now=desk.now())
    desk.send_due()
    assert "knows no user nobody-here" in assigning.trouble_of([issue.pk])[issue.pk]


def test_confidential_issue_is_confidential_there_and_not_linked_to_the_public(desk):
    ticket = reported(desk)
    issue = open_and_send(desk, ticket, is_confidential=True)
    assert issue.external_id.endswith("!confidential")
    assert issue.is_confidential
    assert issue.url not in wording.news_of(issue)


def test_confidential_issue_is_no_more_than_an_address_on_a_ticket_it_was_not_opened_from(desk, client):
    first, other = reported(desk), reported(desk)
    issue = open_and_send(desk, first, is_confidential=True, assignees=("nadia",))
    for is_known_here in (True, False):
        if not is_known_here:  # as if somebody had opened it on the tracker
            IssueLink.objects.all().delete()
            Issue.objects.all().delete()
        linking.link(other.pk, desk.user(), None, url=issue.url, now=desk.now())
        read(desk)
        client.force_login(desk.user())
        page = client.get(f"/tickets/{other.pk}/").content.decode()
        assert issue.url in page
        assert issue.title not in page
        data = other.events.filter(kind="issue").values_list("data", flat=True)
        assert {each["title"] for each in data} == {""}
    linked = Issue.objects.get()
    assert (linked.title, linked.assignees, linked.is_confidential, linked.state) == ("", [], True, "open")


def test_words_of_the_requester_ping_nobody_and_carry_out_nothing(desk):
    ticket = reported(desk, text="hello\n/close\n@nadia look ```\n/assign @tom")
    text = wording.text_of(ticket)
    fence = text.split("text\n")[0]
    assert fence == "````"
    assert text.count(fence) == 2
    issue = open_and_send(desk, ticket, text="/close\nreally\n  /label ~bug")
    (seen,) = issues_on_gitlab(desk, issue)
    assert seen["text"].startswith("\\/close\nreally\n  \\/label")


def test_waiting_for_an_issue_ends_by_time(desk):
    ticket = reported(desk)
    open_and_send(desk, ticket, waits=True)
    desk.wait(days=31)
    assert lifecycle.wake_due(desk.now()) >= 1
    assert reloaded(ticket).is_queued
    assert DEFAULT_WAIT["issue"].days == 30


def test_lost_nudge_after_opening_is_found(desk):
    ticket = reported(desk)
    issue = open_issue(desk, ticket)
    while outbox.send_due(desk.now()):
        pass
    assert Issue.objects.get(pk=issue.pk).state == "opening"
    for pk in opening.unsettled():
        opening.apply_delivery(pk, desk.now())
    assert (Issue.objects.get(pk=issue.pk).state, Issue.objects.get(pk=issue.pk).error) == ("open", "")
    assert opening.unsettled() == []


def test_pages_open_link_and_tell(desk, client):
    ticket = reported(desk)
    client.force_login(desk.user())
    page = client.get(f"/tickets/{ticket.pk}/issue/").content.decode()
    assert "acme/support" in page
    value = project().value
    fields = {"project": value, "title": "From the page", "text": "It breaks.", "key": str(uuid.uuid4())}
    assert client.post(f"/tickets/{ticket.pk}/issue/", {**fields, "title": ""}).status_code == 422
    assert client.post(f"/tickets/{ticket.pk}/issue/", {**fields, "project": "0 x"}).status_code == 422
    assert client.post(f"/tickets/{ticket.pk}/issue/", fields).status_code == 302
    assert client.post(f"/tickets/{ticket.pk}/issue/", fields).status_code == 302
    link = IssueLink.objects.get(ticket=ticket)
    again_page = client.post(f"/tickets/{ticket.pk}/issue/", {**fields, "key": str(uuid.uuid4())})
    assert again_page.status_code == 422
    assert "again" in again_page.content.decode()
    desk.send_due()
    read(desk)
    on_gitlab(desk, Issue.objects.get(pk=link.issue_id), "close")
    read(desk)
    shown = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "From the page" in shown
    assert "Insert an update" in shown
    client.post(f"/tickets/{ticket.pk}/issue/{link.pk}/tell/")
    client.post(f"/tickets/{ticket.pk}/issue/{link.pk}/settle/")
    link.refresh_from_db()
    assert link.told_at is not None
    assert client.post(f"/tickets/{ticket.pk}/issue/{link.pk}/nothing/").status_code == 404
    client.post(f"/tickets/{ticket.pk}/issue/{link.pk}/unlink/")
    assert not IssueLink.objects.filter(pk=link.pk).exists()


def test_restricted_ticket_gives_the_tracker_no_words(desk, client):
    number = desk.outside.post("hackerone", text="secret steps", author="researcher", title="Secret title")["id"]
    desk.poll("hackerone")
    ticket = desk.ticket(number)
    client.force_login(desk.user())
    page = client.get(f"/tickets/{ticket.pk}/issue/").content.decode()
    assert "secret steps" not in page
    assert wording.title_of(ticket) == ""
    assert 'name="confidential" value="1" checked' in page
    client.force_login(desk.user("vera"))
    assert client.get(f"/tickets/{ticket.pk}/issue/").status_code == 404


def test_paused_connection_is_not_asked_and_offers_nothing(desk):
    issue = open_and_send(desk, reported(desk))
    Connection.objects.filter(pk=issue.connection_id).update(is_active=False)
    Issue.objects.filter(pk=issue.pk).update(due_at=desk.now())
    assert following.read_due(desk.now()) == 0
    assert not places.projects()
    assert claims.current(desk.user(), desk.now()) is None
