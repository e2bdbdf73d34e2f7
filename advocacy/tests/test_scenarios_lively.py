"""Many conversations at once, with people who react to answers: nothing is lost, duplicated or misplaced."""

from collections import Counter

from django.db.models import Count, F

from advocacy.tests import scenario
from advocacy.tests.scenario import misplaced, wrong_clocks
from channels.models import Channel
from mentions.models import Message, Reply, Ticket
from mentions.replies import handles
from mentions.triage import outcomes

desk, outside = scenario.desk, scenario.outside
PLATFORMS = ("twitter", "hackernews", "email")
ROUNDS = 3


def answer_everything(desk, number):
    """From the desk where it can send, otherwise on the platform; automatic mail is not answered."""
    for ticket in Ticket.objects.filter(is_queued=True).select_related("channel__connection").order_by("pk"):
        text = f"Answer {number} to ticket {ticket.pk} of {ticket.requester_id}."
        asked = ticket.messages.filter(direction="in", is_deleted=False).order_by("posted_at", "pk").last()
        if asked is None:
            outcomes.no_reply_needed(ticket.pk, desk.user(), None, reason="other", now=desk.now())
        elif handles.choices(ticket):
            desk.write(ticket, text, channel=handles.suggest(ticket, asked))
        else:
            platform = ticket.channel.connection.platform
            desk.outside.control("answer", platform=platform, id=asked.external_id, text=text, **{"as": "sam"})
    desk.send()


def look_everywhere(desk):
    for platform in PLATFORMS:
        desk.poll(platform)
    desk.read_threads()


def test_three_rounds_with_eighty_people(desk):
    desk.outside.control("stream", rate=0, reactions=True)
    desk.outside.control("bulk", count=81, platforms=list(PLATFORMS), seed=11)
    look_everywhere(desk)
    began = Ticket.objects.filter(is_queued=True).count()
    assert began > 60
    for number in range(ROUNDS):
        desk.next_second()
        answer_everything(desk, number)
        desk.next_second()
        desk.outside.control("settle")
        look_everywhere(desk)
        assert wrong_clocks(Ticket.objects.all()) == []
        assert misplaced(Ticket.objects.all()) == []
    desk.outside.control("stream", reactions=False)
    assert Message.objects.filter(direction="in", posted_at__gt=F("ticket__first_reply_at")).count() > 20
    assert Ticket.objects.filter(first_reply_at=None, is_queued=True).count() == 0
    states = Counter(Reply.objects.values_list("state", flat=True))
    assert set(states) <= {"sent", "blocked"}, states
    assert states["sent"] > 60
    posts = Counter(post["text"] for name in PLATFORMS for post in desk.outside.truth(name)["desk"])
    for reply in Reply.objects.filter(state="sent"):
        assert sum(count for text, count in posts.items() if reply.text in text) == 1
        assert Message.objects.filter(text__contains=reply.text, direction="team").count() == 1
        assert reply.message.ticket_id == reply.ticket_id
    assert not Ticket.objects.filter(requester__is_us=True).exists()
    twice = Message.objects.exclude(namespace="email").filter(direction="in", ticket__isnull=False)
    twice = twice.values("namespace", "thread_id", "author").annotate(n=Count("ticket", distinct=True)).filter(n__gt=1)
    assert list(twice) == []
    assert not Ticket.objects.filter(channel__in=Channel.objects.filter(to_queue=False)).exists()
