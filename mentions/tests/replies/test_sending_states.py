"""One state machine for replies, posts, likes and deletions: its table, and retries after a failure."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels.clocks import desk_now
from channels.models import OutboundItem
from channels.outbox import outbox
from channels.outbox.states import MOVES
from mentions.models import DeliveryProblem, Event, Message, Reply
from mentions.replies import deliveries, likes, posts, replies, sending_states
from mentions.replies.sending_states import NEXT, OVER, STAGE_OF, Stage, reachable
from mentions.tests.factories import UserFactory
from mentions.tests.interleaved_worlds import a_post, a_reply, settle_everything
from mentions.tests.replying import praised

pytestmark = pytest.mark.django_db


def test_every_move_of_the_outbox_is_one_of_the_desk():
    for state, targets in MOVES.items():
        for target in targets:
            here, there = STAGE_OF[state], STAGE_OF[target]
            assert here == there or here in OVER or there in NEXT[here], (state, target)


def test_table_knows_every_state_and_nothing_follows_what_is_over():
    assert set(MOVES) == set(OutboundItem.State.values) == set(STAGE_OF)
    assert set(NEXT) == set(Stage)
    assert all(not NEXT[stage] for stage in OVER)
    assert reachable(Stage.SCHEDULED) == {Stage.UNDONE, Stage.BLOCKED, Stage.QUEUED}


@pytest.mark.parametrize("target", OutboundItem.State.values)
@pytest.mark.parametrize("state", OutboundItem.State.values)
def test_outbox_moves_along_its_table_only(wire, state, target):
    from channels.outbox import states

    item = a_post(wire).item
    OutboundItem.objects.filter(pk=item.pk).update(state=state)
    moved = states.change(OutboundItem.objects.filter(pk=item.pk), target)
    assert bool(moved) is (target == state or target in MOVES[state])


@pytest.mark.parametrize("to", [stage for stage in Stage if stage not in reachable(Stage.UNDONE)])
def test_what_was_undone_never_goes_anywhere(wire, to):
    made = a_reply(wire)
    replies.undo(made.reply.pk, made.sam, desk_now())
    with pytest.raises(sending_states.WrongMove):
        sending_states.move(Reply.objects.get(), to)


# --- retries after a failure ----------------------------------------------------------------------------------------


def sent_reply(wire):
    made = a_reply(wire)
    settle_everything()
    made.reply.refresh_from_db()
    assert made.reply.state == "sent"
    return made


def test_deletion_that_failed_is_tried_again(wire, client):
    made = sent_reply(wire)
    client.force_login(made.sam)
    wire.refuses = "delete"
    client.post(reverse("mentions:delete_reply", args=[made.reply.pk]))
    settle_everything()
    page = " ".join(client.get(reverse("mentions:ticket", args=[made.ticket.pk])).content.decode().split())
    assert "Could not delete it on the platform: no delete today" in page
    assert "Try again" in page
    assert DeliveryProblem.objects.get(settled_at=None).kind == "delete"
    wire.refuses = ""
    said = client.post(reverse("mentions:delete_reply", args=[made.reply.pk]), follow=True).content.decode()
    assert "Deleting it on the platform" in said
    assert "deleting" in said
    settle_everything()
    made.reply.refresh_from_db()
    assert (made.reply.state, wire.deleted) == ("deleted", [f"w-{made.reply.key}"])
    assert not DeliveryProblem.objects.filter(settled_at=None).exists()
    kinds = Event.objects.filter(kind__startswith="delete").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["delete_asked", "delete_failed", "delete_asked", "deleted"]


def test_each_failed_deletion_is_said_once(wire):
    made = sent_reply(wire)
    wire.refuses = "delete"
    for _ in range(2):
        replies.delete_posted(made.reply.pk, made.sam, desk_now())
        settle_everything()
        settle_everything()
    assert Event.objects.filter(kind="delete_failed").count() == 2
    assert DeliveryProblem.objects.filter(settled_at=None).count() == 1


def test_deletion_whose_nudge_was_lost_is_found(wire):
    made = sent_reply(wire)
    item = replies.delete_posted(made.reply.pk, made.sam, desk_now())
    OutboundItem.objects.filter(pk=item.pk).update(state="sent")
    deliveries.apply_changed(desk_now())
    made.reply.refresh_from_db()
    assert made.reply.state == "deleted"


def test_like_that_failed_is_tried_again_by_whoever_asks(wire, client):
    made = a_reply(wire)
    message = made.ticket.messages.get(direction=Message.Direction.INBOUND)
    wire.refuses = "like"
    praised(made.ticket)
    item = likes.like(made.ticket.pk, message.pk, made.sam, desk_now())
    settle_everything()
    lee = UserFactory(role="advocate")
    client.force_login(lee)
    page = client.get(reverse("mentions:ticket", args=[made.ticket.pk])).content.decode()
    assert "no like today" in page
    assert reverse("mentions:like", args=[made.ticket.pk]) in page
    wire.refuses = ""
    client.post(reverse("mentions:like", args=[made.ticket.pk]), {"message": message.pk})
    item.refresh_from_db()
    assert (item.state, item.sent_as) == ("queued", lee)
    settle_everything()
    assert wire.liked == [message.external_id]
    assert list(Event.objects.filter(kind="liked").order_by("pk").values_list("actor", flat=True)) == [
        made.sam.pk,
        lee.pk,
    ]


def test_deletion_of_a_post_that_failed_is_tried_again(wire):
    made = a_post(wire)
    settle_everything()
    wire.refuses = "delete"
    posts.delete(made.sam, made.item.pk, desk_now())
    settle_everything()
    assert posts.latest(made.sam, desk_now())[0].can_delete
    assert DeliveryProblem.objects.get(settled_at=None).kind == "delete"
    wire.refuses = ""
    posts.delete(made.sam, made.item.pk, desk_now())
    settle_everything()
    assert posts.latest(made.sam, desk_now())[0].is_deleted
    assert not DeliveryProblem.objects.filter(settled_at=None).exists()


def test_asking_twice_while_it_is_under_way_is_once(wire):
    made = sent_reply(wire)
    first = replies.delete_posted(made.reply.pk, made.sam, desk_now())
    again = replies.delete_posted(made.reply.pk, made.sam, desk_now())
    assert first == again
    assert Event.objects.filter(kind="delete_asked").count() == 1
    assert outbox.State(OutboundItem.objects.get(pk=first.pk).state) == "queued"
