"""An incident from the status page to its report, against the sandbox: mentions grouped, answered together, notified
when it is over, and the report in Slack once."""

import uuid

import pytest

from advocacy.tests import scenario
from advocacy.tests.asking import mention
from mentions.models import Reply
from sandbox import world
from team.incidents import closing, grouping, opening, preview, sending, wording
from team.models import Incident, IncidentReply

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(240)
TEAM = "community-advocates"
NAME = "Pipelines are stuck"


@pytest.fixture(autouse=True)
def _team(desk, settings):
    settings.TEAM_SLACK_CHANNEL = f"#{TEAM}"


def follow(desk):
    """Beat's work, twice."""
    for _run in range(2):
        opening.follow(desk.now())
        closing.follow(desk.now())
        sending.run(desk.now())
    desk.send_due()


def status(desk, **said):
    posted = desk.outside.post("statuspage", kind="outage", **said)
    desk.poll("statuspage")
    follow(desk)
    return posted["id"]


def in_slack(desk, word):
    team = world.SLACK_CHANNELS[TEAM]
    return [m["text"] for m in desk.outside.truth("slack")["desk"] if m["channel"] == team and word in m["text"]]


def tell(desk, found, kind, after, by="sam"):
    """Previewed and sent by an advocate, as on the pages; everything is sent when due."""
    user, text = desk.user(by), wording.default(found, kind)
    lines = preview.lines(found, kind, preview.wordings(text), user, desk.now())
    chosen = {line.ticket.pk: line.guard for line in lines if not line.why}
    sending.begin(
        found.pk, user, key=uuid.uuid4(), kind=kind, text=text, status_after=after, chosen=chosen, now=desk.now()
    )
    sending.run(desk.now())
    for _minute in range(2):
        desk.wait(minutes=1)
        desk.send()
    return {line.ticket.pk: line.why for line in lines}


def test_incident_from_the_status_page_to_its_report(desk):
    said = {"headline": NAME, "title": NAME, "about": "outage"}
    opened = status(desk, text="We are looking into it.", status="investigating", **said)
    found = Incident.objects.get(name=NAME)
    assert found.state == "open"
    assert len(in_slack(desk, NAME)) == 1
    first, second, hackers = (
        mention(desk, "twitter", "@acme are your pipelines down?", author="ada_waits"),
        mention(desk, "twitter", "@acme everything is down again", author="ben_waits"),
        mention(desk, "hackernews", "Acme is down for me, for an hour now."),
    )
    praise = mention(desk, "twitter", "@acme I love you all", author="cleo_loves")
    sam = desk.user("sam")
    proposed = {each.ticket.pk: each.why for each in grouping.proposed(found, sam, desk.now())}
    tickets = [desk.ticket(each) for each in (first, second, hackers)]
    assert {ticket.pk for ticket in tickets} <= set(proposed)
    assert desk.ticket(praise).pk not in proposed
    whys = {ticket.pk: proposed[ticket.pk] for ticket in tickets}
    grouping.decide(found.pk, whys, sam, desk.now(), is_part=True)
    left_out = tell(desk, found, "answer", "pending")
    assert left_out[tickets[2].pk]  # people answer there from their own accounts
    posted = [m for m in desk.outside.truth("twitter")["desk"] if found.url in m["text"] or NAME in m["text"]]
    assert len(posted) == 2
    assert len({m["text"] for m in posted}) == 2
    assert set(Reply.objects.values_list("state", flat=True)) == {"sent"}
    assert {desk.ticket(each).status for each in (first, second)} == {"pending"}

    desk.outside.post("statuspage", reply_to=opened, status="resolved", text="All is well again.")
    desk.poll("statuspage")
    follow(desk)
    found.refresh_from_db()
    assert found.state == "over"
    (over,) = in_slack(desk, "is over")
    assert "Tell the 2 people we answered." in over
    tell(desk, found, "over", "solved", by="maria")
    with pytest.raises(sending.SendingRefused):
        tell(desk, found, "over", "solved")
    assert {desk.ticket(each).status for each in (first, second)} == {"solved"}
    assert IncidentReply.objects.filter(kind="over", reply__state="sent").count() == 2

    desk.poll("twitter")
    desk.wait(days=4)
    follow(desk)
    desk.wait(minutes=1)
    follow(desk)
    found.refresh_from_db()
    assert (found.state, found.closed_by) == ("closed", None)
    assert found.report["mentions"] == 3
    assert (found.report["answered"], found.report["told_over"]) == (2, 2)
    assert len(found.report["told"]) == 2
    (report,) = in_slack(desk, "Incident report for")
    assert "3 mentions, 2 answered, 1 not answered" in report
    kinds = [event.data["said"] for event in desk.ticket(first).events.filter(kind="incident").order_by("pk")]
    assert kinds == ["added", "answered", "over"]
