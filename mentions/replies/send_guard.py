"""The send guard: blocks a reply if the conversation has moved on since its author read it.

The composer carries the id of the last message it showed. Ids grow in order of arrival, so anything newer has a higher
id, whenever it was posted. Automatic mail does not move a conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from mentions.models import Message, Reply
from mentions.people import own_side


class ThreadMoved(Exception):
    """`messages` arrived after the last one the composer showed; nothing was sent."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__(_("The conversation has changed. Nothing was sent. Read the new messages first."))
        self.messages = list(messages)


def newer(ticket_id: int, guard_message_id: int) -> list[Message]:
    """Messages the composer had not shown, oldest first. Our own replies sent from the desk since then count too."""
    newer_ones = Message.objects.filter(ticket_id=ticket_id, pk__gt=guard_message_id, is_auto=False, is_deleted=False)
    return list(newer_ones.select_related("author", "channel__connection").defer("search").order_by("posted_at", "id"))


def check(ticket_id: int, guard_message_id: int) -> None:
    """Raises ThreadMoved."""
    if messages := newer(ticket_id, guard_message_id):
        raise ThreadMoved(messages)


def why_not(reply: Reply) -> str:
    """One sentence on what has happened since the reply was written and its author must see first; "" if nothing."""
    if messages := newer(reply.ticket_id, reply.guard_message_id):
        who = own_side.of_message(messages[-1])
        return _("%(name)s wrote a new message before your reply was sent.") % {"name": who}
    answered = reply.in_reply_to
    if answered is not None and answered.is_deleted:
        return _("The author deleted the message that you answered.")
    if answered is not None and _edited_since(answered.pk, reply.created_at):
        return _("The author edited the message that you answered.")
    return ""


def _edited_since(message_id: int, at: datetime) -> bool:
    return Message.objects.filter(pk=message_id, revisions__replaced_at__gt=at).exists()
