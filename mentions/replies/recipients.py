"""Chooses an email's recipients: robots get no answer, and no address gets more than its daily share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from channels.models import Channel
from channels.registry.configs import address_of
from mentions.models import Message, Reply, Ticket

_ROBOT = re.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|donotreply|bounces?|notifications?-noreply)(?:[+\-=.].*)?@",
    re.IGNORECASE,
)
COUNTED = ("scheduled", "queued", "sent", "uncertain", "deleted")


class ReplyRefused(Exception):
    """The desk refuses to send this; nothing was posted, the text is kept. `reason` says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def of(ticket: Ticket, message: Message) -> tuple[list[str], list[str]]:
    """(to, cc), lower case. Reply-To, else the author; for mail that one of us forwarded, its original sender."""
    # Addresses of all mailboxes and forms: a ticket may be answered from another one than it came to.
    own_addresses = {address_of(channel) for channel in Channel.objects.filter(address__contains="@")}
    extra = message.extra or {}
    author = message.author.handle or message.author.external_id
    if extra.get("forwarded_by"):
        author = ticket.requester.handle or ticket.requester.external_id
    to = _clean(extra.get("reply_to") or [], own_addresses) or _clean([author], own_addresses)
    copied = [*(extra.get("to") or []), *(extra.get("cc") or [])]
    cc = [address for address in _clean(copied, own_addresses) if address not in to and not _ROBOT.match(address)]
    return to, cc


def _clean(addresses: Iterable[object], own_addresses: set[str]) -> list[str]:
    """The addresses without our own and their plus-addresses: answering ourselves would loop."""
    out: dict[str, None] = {}
    for address in addresses:
        text = str(address).strip().lower()
        local, _at, domain = text.partition("@")
        if (
            local
            and domain
            and f"{local.partition('+')[0]}@{domain}" not in own_addresses
            and text not in own_addresses
        ):
            out[text] = None
    return list(out)


def check(message: Message, to: list[str], now: datetime) -> None:
    """Raises ReplyRefused."""
    if message.is_auto:
        raise ReplyRefused(_("This is an automatic message. Nobody would read a reply."))
    if not to:
        raise ReplyRefused(_("There is no address to reply to."))
    robots = [address for address in to if _ROBOT.match(address)]
    if robots:
        raise ReplyRefused(_("%(address)s does not accept email.") % {"address": robots[0]})
    cap = settings.MAILS_PER_ADDRESS_PER_DAY
    since = now - timedelta(days=1)
    for address in to:
        sent = Reply.objects.filter(created_at__gt=since, state__in=COUNTED, recipients__contains=[address]).count()
        if sent >= cap:
            raise ReplyRefused(
                _("%(address)s got %(count)s emails from us in a day. This looks like a mail loop.")
                % {"address": address, "count": sent}
            )
