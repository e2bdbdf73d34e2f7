"""Posts near a ticket, by unlinked accounts, that may still be an expert's answer.

The desk keeps what others say in a followed thread as context. A post that carries the name of the expert who was
asked, or says that its author works here, becomes a message, so that the ticket can ask about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from channels import sweeps
from experts.models import Outreach
from experts.recognising.affiliations import says_it_works_here
from experts.recognising.names import same_name
from mentions.ingest.placing.bystanders import message_of
from mentions.models import Message, ThreadPost

READ = 500
"""Posts of one thread."""


def take_in(now: datetime) -> int:
    """Turn posts that may answer a running request into messages; returns how many. Idempotent."""
    running = Outreach.objects.filter(state__in=Outreach.RUNNING).select_related("expert__person", "ticket")
    posts = ((post, outreach.ticket.channel_id) for outreach in running for post in _posts_since(outreach))
    return sweeps.each("posts around requests", posts, lambda pair: message_of(*pair, now) is not None)


def _posts_since(outreach: Outreach) -> Iterator[ThreadPost]:
    first = outreach.ticket.messages.order_by("posted_at").first()
    if first is None:
        return
    where = {"namespace": first.namespace, "thread_id": first.thread_id, "is_deleted": False}
    known = Message.objects.filter(namespace=first.namespace, thread_id=first.thread_id).values("external_id")
    posts = ThreadPost.objects.filter(posted_at__gte=outreach.asked_at, **where).exclude(external_id__in=known)
    names = names_of(outreach)
    for post in posts.order_by("posted_at")[:READ]:
        is_alike = same_name([post.author_name, post.author_handle], names)
        if is_alike or says_it_works_here(post.text, settings.COMPANY_NAME):
            yield post


def names_of(outreach: Outreach) -> list[str]:
    """Names and handles of the expert who was asked; none for a team."""
    if outreach.expert is None:
        return []
    person = outreach.expert.person
    known = [person.name, outreach.expert.slack_handle, *person.accounts.values_list("handle", flat=True)]
    return [name.partition("@")[0] or name for name in known if name]
