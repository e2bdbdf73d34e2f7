"""Each mention that is due soon is announced in Slack once, in one combined message, only in channels that may know."""

from datetime import timedelta

import pytest

from channels.models import OutboundItem, Team
from mentions.clocks import covered
from mentions.models import AudienceLimit, DueWarning, Ticket
from mentions.notifications import due_warnings
from mentions.people import access
from mentions.personal_data import scope
from mentions.tests.factories import NOON, ChannelFactory, TicketFactory, UserFactory

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _slack(settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#team"
    settings.DUE_SOON_MINUTES = 30


def said():
    return list(OutboundItem.objects.order_by("pk").values_list("payload__channel", "payload__text"))


def test_a_sweep_tells_all_in_one_message_and_each_once():
    one = TicketFactory(subject="Where is <my> runner?", due_at=NOON + 20 * MINUTE)
    two = TicketFactory(due_at=NOON + 10 * MINUTE, claimed_by=UserFactory(first_name="Sam"), claim_expires_at=NOON,
                        claim_token="6f4c2a0e-62f3-4b58-9f55-3f8c1d1b7f10")  # fmt: skip
    TicketFactory(due_at=NOON + 40 * MINUTE)
    TicketFactory(due_at=NOON - MINUTE)
    TicketFactory(due_at=NOON + MINUTE, status="solved")
    assert due_warnings.tell(NOON) == 1
    ((room, text),) = said()
    assert room == "#team"
    assert text.startswith("⏰ *2 mentions are due soon*")
    lines = text.splitlines()
    assert f"/tickets/{two.pk}/|#{two.pk}>" in lines[1]
    assert "Sam is on it" in lines[1]
    assert f"/tickets/{one.pk}/|#{one.pk}>: Where is &lt;my&gt; runner? _nobody is on it_" in lines[2]
    assert "12:20 UTC>" in lines[2]
    assert "(Hacker News)" in lines[2]
    assert "?q=is%3Adue-soon|" in lines[3]
    for minutes in range(1, 10):
        assert due_warnings.tell(NOON + minutes * MINUTE) == 0


def test_a_due_time_that_moves_is_announced_again():
    ticket = TicketFactory(due_at=NOON + 20 * MINUTE)
    assert due_warnings.tell(NOON) == 1
    Ticket.objects.update(due_at=NOON + HOUR)
    assert due_warnings.tell(NOON + 10 * MINUTE) == 0
    assert due_warnings.tell(NOON + 40 * MINUTE) == 1
    assert DueWarning.objects.get(ticket=ticket).due_at == NOON + HOUR
    assert due_warnings.tell(NOON + 50 * MINUTE) == 0


def test_six_hours_of_downtime_end_with_one_message():
    """Mentions that became overdue in the meantime get no warning; the desk shows them as overdue."""
    for number in range(72):
        TicketFactory(due_at=NOON + number * 5 * MINUTE)
    assert due_warnings.tell(NOON + 6 * HOUR - 20 * MINUTE) == 1
    ((_room, text),) = said()
    assert text.startswith("⏰ *4 mentions are due soon*")
    assert due_warnings.tell(NOON + 6 * HOUR) == 0


def test_many_at_once_are_a_screenful_and_a_number():
    for _number in range(25):
        TicketFactory(due_at=NOON + MINUTE)
    assert due_warnings.tell(NOON) == 1
    assert "… and 5 more." in said()[0][1]
    assert due_warnings.tell(NOON + MINUTE) == 0


def test_outside_coverage_hours_channels_that_count_them_are_silent():
    awake = Team.objects.create(name="Asia")
    covered.publish([(NOON - 4 * HOUR, NOON), (NOON + 20 * HOUR, NOON + 28 * HOUR)])
    covered.publish([(NOON + 10 * HOUR, NOON + 20 * HOUR)], awake.pk)
    inside = ChannelFactory(counts_coverage=True)
    late = TicketFactory(channel=inside, due_at=NOON + 20 * HOUR + 10 * MINUTE)
    usual = TicketFactory(due_at=NOON + 20 * MINUTE)
    assert due_warnings.tell(NOON) == 1, "20 of the 30 minutes are left in the evening, but nobody was there to say so"
    assert set(DueWarning.objects.values_list("ticket", flat=True)) == {usual.pk}
    assert due_warnings.tell(NOON + 19 * HOUR) == 0
    theirs = TicketFactory(channel=ChannelFactory(counts_coverage=True, team=awake), due_at=NOON + 19 * HOUR + MINUTE)
    assert due_warnings.tell(NOON + 19 * HOUR) == 1
    assert set(DueWarning.objects.values_list("ticket", flat=True)) == {usual.pk, theirs.pk}
    assert due_warnings.tell(NOON + 20 * HOUR) == 1
    assert DueWarning.objects.filter(ticket=late).exists()


def test_a_restricted_channel_is_announced_in_its_own_rooms_only():
    secret = ChannelFactory(visible_to=["admin"], slack_channels=["#security", "#secops"])
    hidden = TicketFactory(channel=secret, subject="quokkaleak", due_at=NOON + MINUTE)
    TicketFactory(channel__slack_channels=["#mentions"], due_at=NOON + MINUTE)
    assert due_warnings.tell(NOON) == 3
    rooms = dict(said())
    assert set(rooms) == {"#team", "#security", "#secops"}
    assert "quokkaleak" not in rooms["#team"]
    assert rooms["#team"].startswith("⏰ *1 mention is due soon*")
    assert "quokkaleak" in rooms["#security"]
    assert len(DueWarning.objects.get(ticket=hidden).outbound_ids) == 2


def test_what_is_restricted_in_another_way_is_announced_nowhere():
    """A public ticket merged with a restricted one, and a restricted one that contains messages of another restricted
    channel."""
    secret = ChannelFactory(visible_to=["admin"], slack_channels=["#security"])
    other = ChannelFactory(visible_to=["manager"], slack_channels=["#legal"])
    public = TicketFactory(channel__slack_channels=["#mentions"], due_at=NOON + MINUTE)
    both = TicketFactory(channel=secret, due_at=NOON + MINUTE)
    AudienceLimit.objects.create(ticket=public, channel=secret)
    AudienceLimit.objects.create(ticket=both, channel=other)
    assert due_warnings.tell(NOON) == 0
    assert said() == []


def test_who_may_not_see_the_ticket_does_not_read_the_warning_in_the_outbox():
    secret = ChannelFactory(visible_to=["admin"], slack_channels=["#security"])
    TicketFactory(channel=secret, due_at=NOON + MINUTE)
    due_warnings.tell(NOON)
    assert not access.seen_by(UserFactory(role="advocate"), OutboundItem).exists()
    assert access.seen_by(UserFactory(role="admin"), OutboundItem).exists()


def test_whoever_is_erased_is_erased_from_warnings():
    ticket = TicketFactory(due_at=NOON + MINUTE)
    due_warnings.tell(NOON)
    assert scope.outbound_ids(scope.of_author(ticket.requester)) == [OutboundItem.objects.get().pk]


@pytest.mark.parametrize(("token", "room"), [("", "#team"), ("xoxb-1", "")])
def test_without_slack_nothing_is_noted_as_announced(settings, token, room):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = token, room
    TicketFactory(due_at=NOON + MINUTE)
    assert due_warnings.tell(NOON) == 0
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#team"
    assert due_warnings.tell(NOON) == 1


def test_number_of_queries_does_not_grow_with_what_is_announced(django_assert_max_num_queries):
    """Reading takes a constant number of queries; warnings are written with their message."""
    channel = ChannelFactory()
    for _number in range(30):
        TicketFactory(channel=channel, due_at=NOON + MINUTE)
    with django_assert_max_num_queries(16):
        due_warnings.tell(NOON)
