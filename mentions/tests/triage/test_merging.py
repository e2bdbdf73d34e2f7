from datetime import timedelta

import pytest

from mentions.models import Event, Message, Note, ThreadAlias, Ticket
from mentions.tests.factories import NOON, TagFactory, UserFactory
from mentions.tests.platforms import ingest, said
from mentions.triage import merging

pytestmark = pytest.mark.django_db
NOW = NOON + timedelta(hours=9)


def test_merged_ticket_leads_to_the_other_and_so_does_what_comes_later(mailbox):
    ingest(mailbox, [said("a@x", "ann"), said("b@x", "bob", hours=1)])
    ann, bob = Ticket.objects.order_by("posted_at")
    bob.tags.add(TagFactory(name="billing"))
    Note.objects.create(ticket=bob, text="same thing", created_at=NOW)
    user = UserFactory()
    merging.merge([bob.pk], ann.pk, user, NOW)
    bob.refresh_from_db()
    assert (bob.status, bob.merged_into, bob.is_queued, bob.messages.count()) == ("closed", ann, False, 0)
    assert set(ThreadAlias.objects.values_list("ticket", flat=True)) == {ann.pk}
    assert (ann.notes.count(), [t.name for t in ann.tags.all()]) == (1, ["billing"])
    assert set(Event.objects.filter(kind="merged").values_list("ticket", "actor")) == {
        (ann.pk, user.pk),
        (bob.pk, user.pk),
    }
    ingest(mailbox, [said("c@x", "bob", thread="b@x", thread_keys=["b@x"], hours=2)])
    assert Ticket.objects.count() == 2
    assert Message.objects.get(external_id="c@x").ticket == ann


def test_clocks_of_a_merged_ticket_are_those_of_all_its_messages(forum):
    ingest(forum, [said("1", "ann", thread="t", hours=0), said("3", "ann", thread="u", hours=5)])
    ingest(forum, [said("2", "acme", thread="t", parent="1", hours=2, is_own=True)])
    first, second = Ticket.objects.order_by("posted_at")
    merged = merging.merge([first.pk], second.pk, UserFactory(), NOW)
    assert (merged.posted_at, merged.first_reply_at) == (NOON, NOON + timedelta(hours=2))
    assert merged.queued_at == NOON + timedelta(hours=5)


def test_ticket_that_somebody_works_on_is_not_merged_away(forum):
    ingest(forum, [said("1", "ann"), said("2", "bob")])
    one, two = Ticket.objects.order_by("pk")
    Ticket.objects.filter(pk=one.pk).update(
        claimed_by=UserFactory(), claim_token="0" * 32, claim_expires_at=NOW + timedelta(minutes=1)
    )
    with pytest.raises(merging.MergeRefused):
        merging.merge([one.pk], two.pk, UserFactory(), NOW)
    assert not Event.objects.filter(kind="merged").exists()


def test_ticket_is_not_merged_with_itself(forum):
    ingest(forum, [said("1")])
    with pytest.raises(merging.MergeRefused):
        merging.merge([Ticket.objects.get().pk], Ticket.objects.get().pk, UserFactory(), NOW)


@pytest.mark.parametrize("platform", ["forum", "mailbox"])
def test_answers_to_split_messages_follow_them(platform, request):
    connection = request.getfixturevalue(platform)
    ingest(
        connection, [said("1", "ann", thread="t"), said("2", "ann", thread="t", parent="1", thread_keys=["1"], hours=1)]
    )
    old = Ticket.objects.get()
    new = merging.split(old.pk, [Message.objects.get(external_id="2").pk], UserFactory(), NOW)
    assert (new.posted_at, old.messages.count(), new.messages.count()) == (NOON + timedelta(hours=1), 1, 1)
    ingest(
        connection,
        [
            said("3", "ann", thread="t", parent="2", thread_keys=["2", "1"], hours=2),
            said("4", "ann", thread="t", parent="1", thread_keys=["1"], hours=3),
        ],
    )
    assert Message.objects.get(external_id="3").ticket == new
    assert Message.objects.get(external_id="4").ticket == old


def test_answer_that_goes_with_split_messages_is_taken_out_of_the_old_clock(forum):
    ingest(forum, [said("1", "ann", thread="t"), said("2", "ann", thread="t", parent="1", hours=1)])
    ingest(forum, [said("3", "acme", thread="t", parent="2", hours=2, is_own=True)])
    old = Ticket.objects.get()
    ids = Message.objects.filter(external_id__in=["2", "3"]).values_list("pk", flat=True)
    new = merging.split(old.pk, ids, UserFactory(), NOW)
    old.refresh_from_db()
    assert (old.first_reply_at, old.due_at) == (None, NOON + timedelta(hours=7))
    assert new.first_reply_at == NOON + timedelta(hours=2)


def test_split_leaves_something_behind(forum):
    ingest(forum, [said("1")])
    with pytest.raises(merging.MergeRefused):
        merging.split(Ticket.objects.get().pk, [Message.objects.get().pk], UserFactory(), NOW)
