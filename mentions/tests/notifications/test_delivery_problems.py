"""Delivery problems: the author is told, then the team if it persists, and an open page shows the outcome."""

from datetime import timedelta

import pytest
from django.urls import reverse

from channels.clocks import desk_now
from channels.models import OutboundItem
from channels.outbox import outbox
from mentions.models import Account, DeliveryProblem, Person
from mentions.notifications import delivery_news, delivery_problems
from mentions.replies import deliveries, replies
from mentions.tests.factories import UserFactory
from mentions.tests.interleaved_worlds import LONG_AFTER, a_post, a_reply, settle_everything

pytestmark = pytest.mark.django_db
PROBLEMS = reverse("mentions:delivery_problems")


def failed(wire):
    made = a_reply(wire)
    wire.refuses = "send"
    settle_everything()
    wire.refuses = ""
    return made


def uncertain(wire):
    made = a_reply(wire)
    replies.hand_over_due(desk_now() + LONG_AFTER)
    OutboundItem.objects.filter(key=made.reply.key).update(state="uncertain", error="cut off")
    deliveries.apply_changed(desk_now())
    return made


def blocked(wire):
    made = a_reply(wire)
    made.jobs["requester writes"]()
    settle_everything()
    return made


@pytest.mark.parametrize("how", [failed, blocked, uncertain])
def test_author_sees_it_in_the_bar_and_on_the_list_with_what_to_do(client, wire, how):
    made = how(wire)
    client.force_login(made.sam)
    page = client.get(PROBLEMS).content.decode()
    problem = DeliveryProblem.objects.get()
    assert (problem.what, problem.user, problem.settled_at) == (how.__name__, made.sam, None)
    assert "1 not delivered" in page
    assert delivery_news.next_step(problem) in page.replace("&#x27;", "'")
    assert reverse("mentions:ticket", args=[made.ticket.pk]) in page
    client.post(reverse("mentions:settle_problem", args=[problem.pk]))
    page = client.get(PROBLEMS).content.decode()
    assert "Everything was delivered" in page
    problem.refresh_from_db()
    assert (problem.how, problem.settled_by) == ("dismissed", made.sam)


def test_others_see_it_when_its_author_has_left_it_for_too_long(client, wire):
    made = failed(wire)
    now = desk_now()
    assert not delivery_problems.open_for(made.lee, now).exists()
    late = now + LONG_AFTER + delivery_problems.TEAM_HEARS_AFTER
    assert delivery_problems.open_for(made.lee, late).count() == 1
    nobody = UserFactory(role=None)
    assert not delivery_problems.open_for(nobody, late).exists()
    client.force_login(made.lee)
    problem = DeliveryProblem.objects.get()
    assert client.post(reverse("mentions:settle_problem", args=[problem.pk])).status_code == 404


def test_ticket_that_somebody_may_not_see_is_not_theirs_to_settle(wire):
    made = failed(wire)
    made.channel.visible_to = ["admin"]
    made.channel.save()
    late = desk_now() + LONG_AFTER + delivery_problems.TEAM_HEARS_AFTER
    assert not delivery_problems.open_for(made.lee, late).exists()


def test_number_in_the_bar_is_asked_again_at_no_cost_while_nothing_changes(client, wire):
    made = failed(wire)
    client.force_login(made.sam)
    address = reverse("mentions:delivery_count")
    first = client.get(address)
    assert first.json() == {"count": 1, "words": "1 not delivered"}
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    DeliveryProblem.objects.update(settled_at=desk_now(), how="dismissed")
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).json()["count"] == 0


def test_author_is_told_in_slack_by_direct_message_and_the_team_later(wire, settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community"
    made = failed(wire)
    person = Person.objects.create(name="Sam", user=made.sam, is_us=True)
    Account.objects.create(person=person, namespace="slack:T1", handle="U0123456")
    now = desk_now() + LONG_AFTER
    assert delivery_news.tell(now) == 1
    assert delivery_news.tell(now) == 0
    direct = OutboundItem.objects.get(kind="slack")
    assert direct.payload["channel"] == "U0123456"
    assert f"/tickets/{made.ticket.pk}/" in direct.payload["text"]
    assert made.reply.text not in direct.payload["text"]
    assert delivery_news.tell(now + delivery_problems.TEAM_HEARS_AFTER) == 1
    assert OutboundItem.objects.filter(kind="slack").order_by("-pk")[0].payload["channel"] == "#community"
    assert delivery_news.tell(now + timedelta(days=2)) == 0


def test_author_without_a_known_slack_id_is_told_in_the_teams_channel_once(wire, settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community"
    failed(wire)
    later = desk_now() + timedelta(days=1)
    assert [delivery_news.tell(later), delivery_news.tell(later)] == [1, 0]


def test_it_is_over_when_the_reply_is_seen_there_or_another_one_has_arrived(wire):
    made = uncertain(wire)
    outbox.mark_sent(OutboundItem.objects.get(key=made.reply.key).pk, "https://wire.example/1", desk_now())
    deliveries.apply_changed(desk_now())
    assert DeliveryProblem.objects.get().how == "sent"


def test_post_that_failed_is_its_authors_problem(wire):
    made = a_post(wire)
    wire.refuses = "send"
    settle_everything()
    problem = DeliveryProblem.objects.get()
    assert (problem.kind, problem.user, problem.ticket) == ("post", made.sam, None)
    outbox.retry(made.item.pk, desk_now())
    deliveries.apply_changed(desk_now())
    assert DeliveryProblem.objects.get().how == "again"


@pytest.mark.parametrize("how", [failed, blocked, uncertain])
def test_open_ticket_page_shows_how_it_went(client, wire, how):
    made = a_reply(wire) if how is uncertain else None
    made = how(wire)
    client.force_login(made.sam)
    address = reverse("mentions:news", args=[made.ticket.pk])
    answer = client.get(address, {"seen": 2**40})
    (reply,) = answer.json()["replies"]
    made.reply.refresh_from_db()
    assert (reply["id"], reply["state"]) == (made.reply.pk, how.__name__)
    assert reply["words"]
    again = client.get(address, {"seen": 2**40}, headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


# --- one page sends once ----------------------------------------------------------------------------------------------


def test_page_that_was_undone_does_not_say_that_it_has_sent(wire):
    made = a_reply(wire)
    replies.undo(made.reply.pk, made.sam, desk_now())
    with pytest.raises(replies.ReplyRefused, match="was not sent"):
        made.jobs["sends again"]()


def test_page_that_sent_something_else_is_refused(wire):
    made = a_reply(wire)
    job = made.jobs["sends again"]
    with pytest.raises(replies.ReplyRefused, match="A different reply"):
        job.func(*job.args, **{**job.keywords, "text": "Something new."})


def test_old_reply_is_not_sent_beside_a_newer_one_unasked(wire):
    made = failed(wire)
    old = OutboundItem.objects.get(key=made.reply.key)
    newer = a_post(wire).item
    OutboundItem.objects.filter(pk=newer.pk).update(conversation=old.conversation, state="sent")
    with pytest.raises(outbox.NewerWasSent):
        outbox.retry(old.pk, desk_now())
    old.refresh_from_db()
    assert old.state == "failed"
    outbox.retry(old.pk, desk_now(), beside_newer=True)
    old.refresh_from_db()
    assert old.state == "queued"


def test_note_on_a_ticket_that_left_with_its_import_is_shown_again(client, wire, monkeypatch):
    from mentions.models import Ticket
    from mentions.views.ticket import ticket as pages

    made = a_reply(wire)
    client.force_login(made.sam)

    def gone(*_args, **_kwargs):
        raise Ticket.DoesNotExist

    monkeypatch.setattr(pages.notes, "add", gone)
    answer = client.post(reverse("mentions:note", args=[made.ticket.pk]), {"text": "Do not lose me."})
    assert answer.status_code == 409
    assert "Do not lose me." in answer.content.decode()
