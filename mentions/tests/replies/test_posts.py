"""Posts that aren't replies: who may post, as whom, confirmation, undo in time, and no work when they come back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from channels.models import Channel, OutboundItem
from channels.outbox import outbox
from mentions.models import Message, Ticket
from mentions.replies import posts
from mentions.tests.boards import enter
from mentions.tests.factories import ChannelFactory, ConnectionFactory, UserFactory
from mentions.tests.platforms import ingest, said

pytestmark = pytest.mark.django_db
POSTS = reverse("mentions:posts")
AFTER_UNDO = timedelta(seconds=11)


@pytest.fixture
def twitter():
    return ConnectionFactory(platform="twitter", settings={"bearer": "x"})


@pytest.fixture
def status(twitter):
    return ChannelFactory(connection=twitter, name="@acmestatus", address="acmestatus", post_roles=["infrastructure"])


@pytest.fixture
def infra(client, status):
    from django.contrib.auth.models import Group

    user = UserFactory(username="ida", role="advocate")
    user.groups.add(Group.objects.create(name="infrastructure"))
    client.force_login(user)
    return user


def form(channel, text="All systems work again.", **more):
    return {"key": str(uuid4()), "channel": channel.pk, "text": text, **more}


def test_it_is_looked_at_twice_and_then_rests(client, infra, status):
    data = form(status)
    page = client.post(POSTS, data).content.decode()
    assert "Everybody will see this post from Acme · @acmestatus on Twitter" in page
    assert not OutboundItem.objects.exists()
    before = timezone.now()
    assert client.post(POSTS, {**data, "confirmed": "yes"}).status_code == 302
    item = OutboundItem.objects.get()
    assert item.payload == {"text": "All systems work again.", "sender": "acmestatus"}
    assert item.sent_as == infra
    assert item.not_before >= before + timedelta(seconds=9)
    page = client.get(POSTS).content.decode()
    assert "not posted yet" in page
    assert "ida" in page


def test_pressed_twice_it_is_one_post(client, infra, status):
    data = form(status, confirmed="yes")
    client.post(POSTS, data)
    client.post(POSTS, data)
    assert OutboundItem.objects.count() == 1


def test_key_of_another_thing_posts_nothing(client, infra, status):
    other = ChannelFactory(connection=status.connection, address="acme", post_roles=["infrastructure"])
    data = form(status, confirmed="yes")
    client.post(POSTS, data)
    response = client.post(POSTS, {**data, "channel": other.pk})
    assert response.status_code == 422
    assert OutboundItem.objects.count() == 1


def test_undone_in_time_nothing_is_posted_and_the_text_is_back(client, infra, status):
    client.post(POSTS, form(status, "Oops, wrong.", confirmed="yes"))
    item = OutboundItem.objects.get()
    client.post(reverse("mentions:undo_post", args=[item.pk]))
    item.refresh_from_db()
    assert item.state == "cancelled"
    assert outbox.send_due(timezone.now() + AFTER_UNDO) == 0
    assert "Oops, wrong.</textarea>" in client.get(POSTS).content.decode()


@pytest.mark.parametrize("text", ["", "x" * 281, "字" * 141])
def test_text_that_the_platform_would_not_take_is_refused(client, infra, status, text):
    response = client.post(POSTS, form(status, text, confirmed="yes"))
    assert response.status_code == 422
    assert not OutboundItem.objects.exists()


def test_only_roles_of_the_handle_may_post_as_it(client, infra, status):
    main = ChannelFactory(connection=status.connection, name="@acme", address="acme", post_roles=["manager"])
    nobody = ChannelFactory(connection=status.connection, name="@acmequiet", address="acmequiet")
    assert posts.channels_for(infra) == [status]
    for channel in (main, nobody):
        response = client.post(POSTS, form(channel, confirmed="yes"))
        assert response.status_code == 422
        assert "You cannot post as this handle" in response.content.decode()
    assert not OutboundItem.objects.exists()
    assert posts.channels_for(UserFactory(is_superuser=True)) == [status, main]


def test_volunteer_reaches_neither_the_page_nor_its_buttons(client, infra, status):
    client.post(POSTS, form(status, confirmed="yes"))
    item = OutboundItem.objects.get()
    client.force_login(UserFactory(role="volunteer"))
    assert client.get(POSTS).status_code == 403
    assert client.post(POSTS, form(status, confirmed="yes")).status_code == 403
    for name in ("undo_post", "delete_post"):
        assert client.post(reverse(f"mentions:{name}", args=[item.pk])).status_code == 403
    item.refresh_from_db()
    assert item.state == "queued"


def test_posts_of_other_handles_and_replies_are_out_of_reach(client, infra, status):
    other = ChannelFactory(connection=status.connection, address="acme", post_roles=["manager"])
    for conversation in (f"post:{other.pk}", "ticket:1"):
        item = outbox.enqueue(
            key=uuid4(), kind="reply", connection_id=status.connection_id, conversation=conversation,
            payload={"text": "theirs"}, not_before=timezone.now(),
        )  # fmt: skip
        client.post(reverse("mentions:undo_post", args=[item.pk]))
        item.refresh_from_db()
        assert item.state == "queued"
    assert "theirs" not in client.get(POSTS).content.decode()


def test_hidden_or_inactive_channels_and_platforms_without_posts_are_no_choice(infra, status):
    ChannelFactory(connection=ConnectionFactory(platform="hackernews"), post_roles=["infrastructure"])
    ChannelFactory(
        connection=ConnectionFactory(platform="email"), address="a@acme.example", post_roles=["infrastructure"]
    )
    ChannelFactory(connection=status.connection, address="acme", post_roles=["infrastructure"], visible_to=["admin"])
    assert posts.channels_for(infra) == [status]
    Channel.objects.filter(pk=status.pk).update(is_active=False)
    assert posts.channels_for(infra) == []


def test_entry_in_the_bar_is_only_for_those_who_may(client, infra, status):
    assert f'href="{POSTS}"' in client.get(reverse("mentions:me")).content.decode()
    client.force_login(UserFactory(role="advocate"))
    assert f'href="{POSTS}"' not in client.get(reverse("mentions:me")).content.decode()


@pytest.fixture
def place(board):
    """A channel where people post from their own accounts."""
    connection = ConnectionFactory(platform="testboard")
    return ChannelFactory(connection=connection, is_default=True, post_roles=["advocate"])


def test_it_leaves_from_ones_own_account_comes_back_as_no_work_and_is_deleted_from_it(client, sam, board, place):
    assert posts.channels_for(sam) == []
    enter(sam, place.connection, "token-of-sam")
    client.post(POSTS, form(place, "Release 4.2 is out", confirmed="yes"))
    outbox.send_due(timezone.now() + AFTER_UNDO)
    assert [(who, sent.text, sent.in_reply_to) for who, sent in board.sent] == [("id-sam", "Release 4.2 is out", None)]
    ingest(place.connection, [said("b1", "id-sam", text="Release 4.2 is out")])
    assert Message.objects.get().direction == Message.Direction.TEAM
    assert not Ticket.objects.exists()
    assert "Delete on the platform" in client.get(POSTS).content.decode()
    item = OutboundItem.objects.get()
    for _ in range(2):
        client.post(reverse("mentions:delete_post", args=[item.pk]))
    outbox.send_due(timezone.now() + AFTER_UNDO)
    assert board.deleted == [("id-sam", "b1")]
    assert "deleted on the platform" in client.get(POSTS).content.decode()


def test_answer_to_a_post_of_ours_is_a_ticket(client, sam, board, place):
    enter(sam, place.connection, "token-of-sam")
    ingest(place.connection, [said("b1", "id-sam"), said("c1", "ann", thread="b1", parent="b1", hours=1)])
    assert Ticket.objects.get().requester.external_id == "ann"
