"""Hacker News from search to ticket, as the handbook describes it, against the sandbox."""

import pytest
from django.db.models import Sum

from advocacy.tests import scenario
from channels.models import InboundItem
from mentions.models import Message, MessageRevision, ThreadPost, Ticket
from mentions.tickets import parking
from mentions.tickets.conversation import thread_of

desk, outside = scenario.desk, scenario.outside


def item(desk, text, author, **more):
    return desk.outside.post("hackernews", text=text, author=author, **more)["id"]


def story(desk, title, author="submitter", text="", **more):
    return item(desk, text, author, title=title, **more)


def by_us(desk, external_id, who, text):
    return desk.outside.control("answer", platform="hackernews", id=external_id, text=text, **{"as": who})["id"]


def revisions_of_items():
    return InboundItem.objects.aggregate(all=Sum("revision"))["all"]


def test_ten_askers_under_one_story_are_ten_tickets_with_one_context(desk, client):
    root = story(desk, "A new way to run builds", url="https://builds.example/")
    aside = item(desk, "I use make for everything.", "maker", reply_to=root)
    asked = [item(desk, f"Can Acme do that, too? ({n})", f"asker{n}", reply_to=root) for n in range(10)]
    answer = item(desk, "I would like to know as well.", "curious", reply_to=asked[0])
    desk.poll("hackernews")
    desk.read_threads()
    tickets = [desk.ticket(number) for number in asked]
    assert len({ticket.pk for ticket in tickets}) == 10
    assert [ticket.messages.count() for ticket in tickets] == [1] * 10
    assert {t.requester.external_id for t in tickets} == {f"asker{n}" for n in range(10)}
    assert ThreadPost.objects.filter(external_id=root).count() + Message.objects.filter(external_id=root).count() == 1
    assert ThreadPost.objects.filter(external_id__in=[aside, answer]).count() == 2
    assert not ThreadPost.objects.filter(external_id__in=asked).exists()
    client.force_login(desk.user())
    for ticket in (tickets[0], tickets[7]):
        page = client.get(f"/tickets/{ticket.pk}/").content.decode()
        assert "A new way to run builds" in page
        assert "I use make for everything." in page


def test_word_that_only_begins_like_ours_is_no_ticket(desk):
    root = story(desk, "Words")
    alike = [item(desk, text, "alike", reply_to=root) for text in ("I had acmeology at school", "acne is no fun")]
    real = item(desk, "ACME's runner is fine.", "real", reply_to=root)
    desk.poll("hackernews")
    assert desk.ticket(real).status == "new"
    assert not any(desk.has(number) for number in alike)
    desk.read_threads()
    assert all(desk.is_context(number) for number in alike)
    assert not Ticket.objects.filter(requester__external_id="alike").exists()


def test_front_page_story_that_does_not_name_us_stays_in_the_inbox(desk):
    root = story(desk, "Show HN: A window manager", url="https://windows.example/", author="windower")
    desk.poll("hackernews")
    assert not desk.has(root)
    kept_out = InboundItem.objects.get(external_id=root, connection__name="Hacker News front page")
    assert kept_out.state == InboundItem.State.IGNORED


@pytest.mark.parametrize("front_page_first", [False, True])
def test_mention_on_the_front_page_is_one_message_and_one_ticket(desk, front_page_first):
    from channels.models import Connection

    root = story(
        desk, f"Acme is down ({front_page_first})", author=f"reporter{front_page_first}", url="https://s.example/"
    )
    if front_page_first:
        Connection.objects.filter(name="Hacker News mentions").update(is_active=False)
        desk.poll("hackernews")
        assert desk.message(root).ticket_id is None
        Connection.objects.update(is_active=True)
    desk.poll("hackernews")
    desk.poll("hackernews")
    assert Message.objects.filter(external_id=root).count() == 1
    assert desk.seen_by(root) == {"hn-front-page", "hn-mentions"}
    assert desk.message(root).channel.slug == "hn-mentions"
    assert desk.ticket(root).channel.slug == "hn-mentions"
    assert desk.ticket(root).status == "new"


@pytest.mark.parametrize("who", ["sam", "nadia"])
def test_answer_that_never_names_the_product_is_found_in_the_followed_thread(desk, who):
    asked = item(desk, "Acme: can I cache between jobs?", f"cacher_{who}", title=f"Ask HN: Acme caching {who}")
    desk.poll("hackernews")
    ticket = desk.ticket(asked)
    desk.next_second()
    ours = by_us(desk, asked, who, "Yes, by the key of your lock file.")
    desk.poll("hackernews")
    assert not desk.has(ours)
    desk.read_threads()
    ticket.refresh_from_db()
    answer = desk.message(ours)
    assert (answer.direction, answer.ticket_id) == ("team", ticket.pk)
    assert (ticket.status, ticket.is_queued) == ("solved", False)
    assert ticket.first_reply_at == answer.posted_at
    desk.next_second()
    again = item(desk, "Nice, and across branches?", f"cacher_{who}", reply_to=ours)
    desk.read_threads()
    ticket.refresh_from_db()
    assert desk.message(again).ticket_id == ticket.pk
    assert ticket.status == "open"


def test_i_answered_is_believed_when_the_answer_is_seen(desk):
    asked = item(desk, "Acme: where are the logs?", "logger", title="Ask HN: Acme logs")
    desk.poll("hackernews")
    ticket = desk.ticket(asked)
    parking.answered_outside(ticket.pk, desk.user(), None, now=desk.now())
    desk.read_threads()
    ticket.refresh_from_db()
    assert (ticket.waiting_on, ticket.is_queued, ticket.first_reply_at) == ("own_answer", False, None)
    desk.next_second()
    ours = by_us(desk, asked, "sam", "Under /var/log.")
    desk.read_threads()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_on) == ("solved", "")
    assert ticket.first_reply_at == desk.message(ours).posted_at


@pytest.mark.parametrize("is_root", [False, True], ids=["comment", "story"])
def test_deleted_item_is_shown_as_such_and_keeps_its_text(desk, is_root):
    if is_root:
        first = item(desk, "Acme: why so slow?", "regretful", title="Ask HN: Acme slow")
    else:
        first = item(desk, "Acme is so slow", "regretful2", reply_to=story(desk, "Slow things"))
    desk.poll("hackernews")
    desk.outside.control("delete", platform="hackernews", id=first)
    desk.read_threads()
    message = desk.message(first)
    assert message.is_deleted
    assert "slow" in message.text
    assert desk.ticket(first).due_at is None
    desk.poll("hackernews")
    desk.read_threads()
    assert desk.message(first).is_deleted
    assert not message.revisions.exists()


def test_edited_comment_keeps_what_it_said(desk):
    first = item(desk, "Acme does not scale", "changer", reply_to=story(desk, "Scale"))
    desk.poll("hackernews")
    desk.outside.control("edit", platform="hackernews", id=first, text="Acme does scale, my mistake")
    desk.poll("hackernews")
    desk.read_threads()
    message = desk.message(first)
    assert message.text == "Acme does scale, my mistake"
    assert [old.text for old in message.revisions.all()] == ["Acme does not scale"]
    assert desk.ticket(first).messages.count() == 1


def test_poll_of_known_items_stores_no_revision_however_they_are_read(desk):
    root = story(desk, 'Acme & friends: <what\'s> "new"?', author="quoter", text="See https://acme.example/a_b?c=d&e=f")
    texts = (
        "I said: *Acme* is ok.\n\nSecond paragraph -- https://example.org/a/very/long/link/that/is/shortened/when/shown",
        "Acme's <b>tags</b> & entities / slashes",
        "  code of Acme\n  more code\n\nafter",
        "Acme \u201cquotes\u201d \U0001f600",
    )
    comments = [item(desk, text, f"odd{n}", reply_to=root) for n, text in enumerate(texts)]
    comments.append(item(desk, "Acme, indeed", "odd9", reply_to=comments[0]))
    ours = by_us(desk, comments[0], "sam", "Thank you, and Acme says hello.")
    desk.poll("hackernews")
    desk.read_threads()
    before = revisions_of_items()
    stored = dict(Message.objects.values_list("external_id", "version_at"))
    for _ in range(5):
        assert desk.poll("hackernews") == 0
        assert desk.read_threads() == 0
    assert revisions_of_items() == before
    assert dict(Message.objects.values_list("external_id", "version_at")) == stored
    assert not MessageRevision.objects.exists()
    assert all(desk.has(number) for number in (root, *comments, ours))


def test_item_that_the_search_and_the_tree_bring_has_one_fingerprint(desk):
    root = story(desk, "Fingers", text="Acme and *stars* & https://example.org/x", author="fingers")
    comment = item(desk, "Acme's own\n\ntwo paragraphs", "thumbs", reply_to=root)
    desk.poll("hackernews")
    digests = dict(InboundItem.objects.filter(external_id__in=[root, comment]).values_list("external_id", "digest"))
    InboundItem.objects.filter(external_id__in=[root, comment]).delete()
    desk.read_threads()
    again = InboundItem.objects.filter(external_id__in=[root, comment], role="thread")
    assert {i.external_id: bytes(i.digest) for i in again} == {k: bytes(v) for k, v in digests.items()}
    assert not MessageRevision.objects.exists()
    assert len(thread_of(desk.ticket(comment)).entries) == 1
