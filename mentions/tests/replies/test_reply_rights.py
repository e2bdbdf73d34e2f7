"""Which handles somebody may answer from: a handle's roles, channels answered from others, people's own accounts."""

import pytest
from django.urls import reverse
from django.utils import timezone

from channels.models import Channel, Connection, OutboundItem, PersonalAccount
from channels.outbox import outbox
from mentions.models import Message, Person, Reply
from mentions.queue import claims
from mentions.replies import deliveries, dispatch_replies, handles, likes, replies
from mentions.replies.replies import ReplyRefused
from mentions.tests.boards import board_ticket, enter
from mentions.tests.factories import ChannelFactory, ConnectionFactory, UserFactory
from mentions.tests.replying import LATER, UNDO, mail_ticket, praised, submit, twitter_ticket
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def advocate():
    return UserFactory(role="advocate")


@pytest.fixture
def volunteer():
    return UserFactory(role="volunteer")


@pytest.fixture
def ticket():
    return twitter_ticket()


@pytest.fixture
def status(ticket):
    return ChannelFactory(
        connection=ticket.channel.connection,
        name="@acmestatus",
        address="acmestatus",
        rank=20,
        reply_roles=["advocate"],
    )


def post_reply(client, user, ticket, channel, **more):
    """Submits a form, whatever its page offered."""
    token = claims.claim(user, ticket.pk, timezone.now()).claim_token
    client.force_login(user)
    data = {
        "key": "6f1f0a52-6c5e-4f50-9a39-3d1c1a3b7e11",
        "guard": max(ticket.messages.values_list("pk", flat=True)),
        "channel": channel.pk,
        "text": "All is up.",
        "token": token,
        **more,
    }
    return client.post(reverse("mentions:reply", args=[ticket.pk]), data)


def test_handle_with_roles_is_a_choice_for_them_only(ticket, status, advocate, volunteer):
    assert handles.choices(ticket, advocate) == [ticket.channel, status]
    assert handles.choices(ticket, volunteer) == [ticket.channel]
    assert handles.choices(ticket, UserFactory(is_superuser=True)) == [ticket.channel, status]


def test_volunteer_who_posts_the_form_for_a_handle_without_right_is_refused(client, ticket, status, volunteer):
    response = post_reply(client, volunteer, ticket, status)
    assert response.status_code == 422
    assert "Your role cannot reply as @acmestatus. Reply from @acme instead." in response.content.decode()
    assert not Reply.objects.exists()


def test_advocate_with_the_role_may(client, ticket, status, advocate):
    assert post_reply(client, advocate, ticket, status).status_code == 302
    assert Reply.objects.get().channel == status


def test_role_that_is_lost_counts_at_once(ticket, status, advocate):
    token = claims.claim(advocate, ticket.pk, LATER).claim_token
    advocate.groups.set(UserFactory(role="volunteer").groups.all())
    with pytest.raises(ReplyRefused):
        submit(ticket, advocate, token=token, channel_id=status.pk)


def test_who_may_answer_as_no_handle_is_told_so(client, ticket, volunteer):
    Channel.objects.update(reply_roles=["advocate"])
    claims.claim(volunteer, ticket.pk, timezone.now())
    client.force_login(volunteer)
    page = client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()
    assert "None of your roles can reply from these handles" in page
    assert 'data-send="solved"' not in page
    assert "data-copy" not in page


def test_suggestion_keeps_the_rules_among_what_is_allowed(ticket, status, advocate, volunteer):
    status.settings = {"availability_only": True}
    status.save()
    message = ticket.messages.get()
    message.text = "Is it down?"
    message.seen_by = [ticket.channel_id, status.pk]
    assert handles.suggest(ticket, message, handles.choices(ticket, advocate)) == status
    assert handles.suggest(ticket, message, handles.choices(ticket, volunteer)) == ticket.channel


# --- answered from other channels ---------------------------------------------------------------------------------


def test_channel_is_answered_from_what_it_names_also_on_another_connection(ticket, status, advocate):
    other = ConnectionFactory(platform="twitter")
    support = ChannelFactory(connection=other, address="acmesupport", slug="support", rank=1)
    ticket.channel.answers_from = [status.slug, "support"]
    assert handles.choices(ticket, advocate) == [support, status]


def test_another_platform_is_never_answered_from(ticket, advocate):
    mail = mail_ticket().channel
    ticket.channel.answers_from = [mail.slug]
    assert handles.choices(ticket, advocate) == []
    with pytest.raises(ReplyRefused):
        submit(ticket, advocate, channel_id=mail.pk)


def test_reply_from_another_connection_goes_out_there(ticket, advocate):
    other = ChannelFactory(connection=ConnectionFactory(platform="twitter"), address="acmesupport", slug="support")
    Channel.objects.filter(pk=ticket.channel_id).update(answers_from=["support"])
    with pytest.raises(ReplyRefused):
        submit(ticket, advocate)
    reply = submit(ticket, advocate, channel_id=other.pk)
    dispatch_replies.hand_over(reply.pk, LATER + UNDO)
    reply.refresh_from_db()
    assert reply.outbound.connection_id == other.connection_id
    assert reply.outbound.payload["sender"] == "acmesupport"
    assert reply.outbound.conversation == f"ticket:{ticket.pk}"


def test_page_offers_what_the_channel_is_answered_from(client, ticket, advocate, status):
    Channel.objects.filter(pk=ticket.channel_id).update(answers_from=[status.slug], name="@acme")
    client.force_login(advocate)
    page = client.get(reverse("mentions:play")).content.decode()
    assert "@acmestatus on Twitter</option>" in page
    assert "@acme on Twitter</option>" not in page


def test_mail_from_another_mailbox_is_not_sent_to_ourselves(advocate):
    ticket = mail_ticket(
        extra={"reply_to": [], "to": ["community@acme.example", "swag@acme.example"], "cc": [], "references": []}
    )
    other = ConnectionFactory(platform="email")
    Connection.objects.update(settings={"imap_host": "imap.acme.example", "imap_user": "desk"})
    ChannelFactory(connection=other, address="swag@acme.example", slug="swag")
    Channel.objects.filter(pk=ticket.channel_id).update(answers_from=["swag"])
    reply = submit(ticket, advocate, channel_id=Channel.objects.get(slug="swag").pk)
    assert reply.recipients == ["jane@dev.example"]
    assert reply.cc == []


# --- own accounts -------------------------------------------------------------------------------------------------


def opened(client, user, ticket):
    claims.claim(user, ticket.pk, timezone.now())
    client.force_login(user)
    return client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode()


def test_without_an_own_account_the_answer_is_copied_over(client, board, advocate):
    ticket = board_ticket()
    page = opened(client, advocate, ticket)
    assert "Copy and open" in page
    assert 'href="https://board.example/q1"' in page
    assert f"{reverse('mentions:me')}#accounts" in page
    assert 'data-send="solved"' not in page


def test_with_one_the_reply_leaves_from_it(client, board, advocate):
    ticket = board_ticket()
    enter(advocate, ticket.channel.connection, "token-of-maria")
    page = opened(client, advocate, ticket)
    assert "yourself (@Maria)</option>" in page
    reply = submit(ticket, advocate, token=claims.current(advocate, timezone.now()).claim_token, now=timezone.now())
    now = timezone.now() + UNDO
    dispatch_replies.hand_over(reply.pk, now)
    outbox.send_due(now)
    deliveries.apply(Reply.objects.get().outbound_id, now)
    assert [who for who, _ in board.sent] == ["id-maria"]
    message = Reply.objects.get().message
    assert message.direction == Message.Direction.TEAM
    assert message.author.external_id == "id-maria"
    assert message.author.person == advocate.person
    replies.delete_posted(reply.pk, advocate, now)
    outbox.send_due(now)
    assert board.deleted == [("id-maria", "b1")]


def test_somebody_elses_account_is_never_used(client, board, advocate, volunteer):
    ticket = board_ticket()
    enter(advocate, ticket.channel.connection, "token-of-maria")
    assert handles.choices(ticket, volunteer) == []
    response = post_reply(client, volunteer, ticket, ticket.channel)
    assert response.status_code == 422
    assert "no working account" in response.content.decode()
    assert not Reply.objects.exists()


def test_deleting_by_another_advocate_uses_the_account_that_posted(board, advocate):
    ticket, boss = board_ticket(), UserFactory(role="advocate")
    enter(advocate, ticket.channel.connection, "token-of-maria")
    enter(boss, ticket.channel.connection, "token-of-boss")
    reply = submit(ticket, advocate)
    dispatch_replies.hand_over(reply.pk, LATER + UNDO)
    outbox.send_due(timezone.now())
    deliveries.apply(Reply.objects.get().outbound_id)
    replies.delete_posted(reply.pk, boss, timezone.now())
    outbox.send_due(timezone.now())
    assert board.deleted == [("id-maria", "b1")]


def test_token_that_stops_working_is_shown_on_the_ticket_and_in_the_settings(client, board, advocate):
    ticket = board_ticket()
    enter(advocate, ticket.channel.connection, "token-of-maria")
    reply = submit(ticket, advocate)
    board.refuses.add("token-of-maria")
    dispatch_replies.hand_over(reply.pk, LATER + UNDO)
    outbox.send_due(timezone.now())
    deliveries.apply(Reply.objects.get().outbound_id)
    page = opened(client, advocate, ticket)
    settings_page = client.get(reverse("mentions:me")).content.decode()
    assert "no longer works" in page
    assert "This account cannot be used" in settings_page
    assert "is not valid" in settings_page
    assert "token-of-maria" not in page + settings_page
    assert OutboundItem.objects.get().state == "failed"
    assert handles.choices(ticket, advocate) == []


def test_one_choice_for_an_account_however_many_channels(board, advocate):
    ticket = board_ticket()
    ChannelFactory(connection=ticket.channel.connection, rank=1)
    enter(advocate, ticket.channel.connection, "token-of-maria")
    assert handles.choices(ticket, advocate) == [ticket.channel]
    assert handles.choices(ticket) == []


def test_removed_between_writing_and_sending_it_comes_back_with_its_text(board, advocate):
    ticket = board_ticket()
    enter(advocate, ticket.channel.connection, "token-of-maria")
    reply = submit(ticket, advocate)
    PersonalAccount.objects.all().delete()
    dispatch_replies.hand_over(reply.pk, LATER + UNDO)
    outbox.send_due(timezone.now())
    deliveries.apply(Reply.objects.get().outbound_id)
    reply.refresh_from_db()
    assert reply.state == Reply.State.FAILED
    assert board.sent == []
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_answer_given_on_the_platform_with_a_connected_account_is_the_teams(board, advocate):
    from mentions.tests.platforms import ingest, said

    connection = ConnectionFactory(platform="testboard")
    ChannelFactory(connection=connection, is_default=True)
    enter(advocate, connection, "token-of-maria")
    ingest(connection, [said("q", thread="t"), said("a", "id-maria", hours=1, thread="t", parent="q")], minutes=120)
    assert dict(Message.objects.values_list("external_id", "direction")) == {"q": "in", "a": "team"}
    assert Message.objects.get(external_id="q").ticket.first_reply_at is not None
    assert Person.objects.get(user=advocate).is_us


def test_like_is_from_ones_own_account_or_not_offered(client, board, advocate):
    ticket = praised(board_ticket())
    message = ticket.messages.get()
    assert f'{reverse("mentions:like", args=[ticket.pk])}"' not in opened(client, advocate, ticket)
    with pytest.raises(OutcomeRefused):
        likes.like(ticket.pk, message.pk, advocate, timezone.now())
    enter(advocate, ticket.channel.connection, "token-of-maria")
    assert f'{reverse("mentions:like", args=[ticket.pk])}"' in opened(client, advocate, ticket)
    likes.like(ticket.pk, message.pk, advocate, timezone.now())
    outbox.send_due(timezone.now())
    assert board.liked == [("id-maria", message.external_id)]
