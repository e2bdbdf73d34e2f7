"""Recognises who wrote a batch's items: known authors, our own accounts, and replies sent from the desk."""

from __future__ import annotations

from collections.abc import Sequence

from channels.outbox import outbox
from mentions.ingest.placing import finding_ticket, keeping_out
from mentions.ingest.reading.loading import author_keys_at_hand, load_tickets_of_replies
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch
from mentions.models import Reply
from mentions.people import authors


def recognise_authors(batch: IngestBatch, parsed: Sequence[Parsed]) -> None:
    """Store the authors and determine which posts are ours.

    Context posts come by the hundred, and a query may stop even more. Their authors are stored only if they are ours or
    the thread's requester.
    """
    accounts = authors.Accounts.of({each.feed.namespace for each in parsed})
    at_hand = author_keys_at_hand(batch, parsed) if any(each.is_context or each.stop for each in parsed) else set()
    incoming = {(each.feed.namespace, each.external_id) for each in parsed if each.stop is None}
    seen = []
    for each in parsed:
        is_passing = each.is_context or (each.stop and not keeping_out.may_be_follow_up(batch, each, incoming))
        namespace, mention = each.feed.namespace, each.mention
        account = accounts.known_account(namespace, each.author)
        is_proved = mention.is_own or authors.is_proved(each.feed.edits, mention)
        is_own = mention.is_own or (is_proved and authors.is_own_account(each.author, each.feed.config))
        if not is_passing or is_own or account or not at_hand.isdisjoint(finding_ticket.author_keys(each)):
            seen.append(authors.Seen(namespace, each.author, account, is_own, each.at))
        if mention.requester and mention.requester.id:
            requester_account = accounts.known_account(namespace, mention.requester)
            seen.append(authors.Seen(namespace, mention.requester, requester_account, False, each.at))
    batch.authors = authors.store(seen)
    for each in parsed:
        _, is_us = batch.authors.get((each.feed.namespace, each.author.id), (0, False))
        is_proved = each.mention.is_own or (is_us and authors.is_proved(each.feed.edits, each.mention))
        each.is_own = is_proved and each.mention.requester is None


def match_replies(batch: IngestBatch, parsed: Sequence[Parsed]) -> None:
    """Match our own posts to replies sent from the desk: confirm them in the outbox and attach them to the reply's
    ticket."""
    own = [each for each in parsed if each.is_own]
    if not own:
        return
    sent: dict[int, tuple[str, str]] = {}
    for connection_id in sorted({each.feed.connection_id for each in own}):
        of_connection = [each for each in own if each.feed.connection_id == connection_id]
        posts = [(m.external_id, m.parent_id, m.text, frozenset([m.author.id, m.author.handle or ""]))
                 for each in of_connection if (m := each.mention)]  # fmt: skip
        settled = outbox.settle_by_own_posts(connection_id, posts)
        for each in of_connection:
            if outbound_id := settled.get(each.mention.external_id):
                sent[outbound_id] = (each.feed.namespace, each.external_id)
    replies = Reply.objects.filter(outbound_id__in=sent)
    tickets = load_tickets_of_replies(batch, replies)
    outbound = replies.filter(pk__in=tickets).values_list("pk", "outbound_id")
    batch.replies = {sent[outbound_id]: (pk, tickets[pk]) for pk, outbound_id in outbound}
