"""The stock of codes: imported by paste, drawn once each, given back only while nobody can have read them.

A code belongs to its ticket from the moment a macro draws it: undoing the macro or the reply does not free it, since
its text may have been copied. Drawing again on the same ticket gives the same code. Somebody may put it back by hand as
long as no reply with it has left.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.outbox import slack_posts
from channels.secrets.vault import open_sealed, remember, seal
from mentions.models import Code, CodeStock, Draft, EventKind, Message, Reply, Ticket
from mentions.tickets.transitions import OutcomeRefused, record

MAX_IMPORT = 5000
_CODE = re.compile(r"[!-~]{3,100}")
_SPACE = UUID("b1b8f2a2-5b0a-4d0e-8a55-0e6b3a3f5e11")


@dataclass(frozen=True, slots=True)
class Imported:
    """Result of an import. `wrong`: (line, why)."""

    new: int
    known: int
    wrong: list[tuple[int, str]]


def read_codes(text: str) -> tuple[list[str], list[tuple[int, str]]]:
    """(codes, wrong lines) of a paste or CSV: one code a line, in the first column. Pure."""
    codes: list[str] = []
    wrong: list[tuple[int, str]] = []
    for number, line in enumerate(text.replace("\0", "").splitlines(), start=1):
        first = _first_column(line)
        if not first or (number == 1 and first.lower() in ("code", "codes")):
            continue
        if _CODE.fullmatch(first):
            codes.append(first)
        else:
            wrong.append((number, _("A code has 3 to 100 letters, digits or signs, and no spaces.")))
    return codes, wrong


def _first_column(line: str) -> str:
    try:
        row = next(csv.reader([line]), [])
    except csv.Error:
        return line
    return row[0].strip() if row else ""


@transaction.atomic
def import_codes(stock: CodeStock, text: str, actor: Any, now: datetime) -> Imported:
    """Add codes to a stock. Known codes are skipped, even if they were given already. Raises OutcomeRefused for too
    many at once."""
    codes, wrong = read_codes(text)
    if len(codes) > MAX_IMPORT:
        raise OutcomeRefused(_("Import at most %(most)s codes at once.") % {"most": MAX_IMPORT})
    rows = [
        Code(stock=stock, secret={"code": seal(code)}, fingerprint=fingerprint(code), added_by=actor, added_at=now)
        for code in dict.fromkeys(codes)
    ]
    # Locked, so that two imports at the same time each count their own.
    CodeStock.objects.select_for_update(no_key=True).get(pk=stock.pk)
    before = stock.codes.count()
    Code.objects.bulk_create(rows, ignore_conflicts=True)
    new = stock.codes.count() - before
    return Imported(new, len(codes) - new, wrong)


def fingerprint(code: str) -> str:
    return salted_hmac("mentions.codes", code, algorithm="sha256").hexdigest()


def left(stock: CodeStock) -> int:
    return stock.codes.filter(ticket__isnull=True).count()


def draw(stock: CodeStock, ticket: Ticket, actor: Any, now: datetime) -> str:
    """A code for the requester of a locked ticket: the one it has already, else the oldest free one, which nobody else
    can take. In the caller's transaction. Raises OutcomeRefused."""
    require_right(actor)
    code = Code.objects.select_for_update().filter(stock=stock, ticket=ticket).first()
    if code is None:
        code = _next(stock)
        code.ticket, code.given_by, code.given_at = ticket, actor, now
        code.save(update_fields=["ticket", "given_by", "given_at"])
        record(ticket, actor, now, EventKind.CODE, {"said": "given", "name": stock.name})
        transaction.on_commit(lambda: _warn(stock, now), robust=True)
    value = open_sealed(code.secret["code"])
    remember(value)
    return value


def _next(stock: CodeStock) -> Code:
    """The oldest free code, locked. Raises OutcomeRefused."""
    if not stock.is_active:
        raise OutcomeRefused(_("The stock “%(stock)s” is switched off.") % {"stock": stock})
    free = Code.objects.select_for_update(skip_locked=True).filter(stock=stock, ticket__isnull=True)
    code = free.order_by("pk").first()
    if code is None:
        raise OutcomeRefused(_("No codes are left in “%(stock)s”. Import some first.") % {"stock": stock})
    return code


def require_right(actor: Any) -> None:
    """Raises OutcomeRefused."""
    if not actor.has_perm("mentions.give_code"):
        raise OutcomeRefused(_("Only advocates can give codes. Hand the ticket back with a note."))


def _warn(stock: CodeStock, now: datetime) -> None:
    """Warn once per refill of the stock. After the commit, since concurrent draws don't see each other."""
    rest = left(stock)
    if rest >= stock.warn_below or not settings.TEAM_SLACK_CHANNEL:
        return
    words = ngettext("%(count)d code is left in “%(stock)s”.", "%(count)d codes are left in “%(stock)s”.", rest)
    slack_posts.post_message(
        key=uuid5(_SPACE, f"{stock.pk}:{stock.codes.count()}"),
        conversation=f"slack:{settings.TEAM_SLACK_CHANNEL}",
        channel=settings.TEAM_SLACK_CHANNEL,
        text=words % {"count": rest, "stock": stock.name},
        not_before=now,
    )


@transaction.atomic
def put_back(code_id: int, actor: Any, now: datetime) -> None:
    """Free a code that its requester can't have seen. Raises OutcomeRefused."""
    require_right(actor)
    ticket_id = Code.objects.only("ticket_id").get(pk=code_id).ticket_id
    if ticket_id is None:
        return
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    code = Code.objects.select_for_update().select_related("stock").get(pk=code_id)
    if code.ticket_id != ticket.pk:
        return
    value = open_sealed(code.secret["code"])
    if _has_left(ticket, value):
        raise OutcomeRefused(_("A reply with this code has been sent. It stays with the requester."))
    if Draft.objects.filter(ticket=ticket, text__contains=value).exists():
        raise OutcomeRefused(_("The code is in a draft. Take it out first."))
    code.ticket, code.given_by, code.given_at = None, None, None
    code.save(update_fields=["ticket", "given_by", "given_at"])
    record(ticket, actor, now, EventKind.CODE, {"said": "returned", "name": code.stock.name})


def _has_left(ticket: Ticket, value: str) -> bool:
    """Whether the code is in a reply that was or may have been sent, or in any message of ours on the platform."""
    gone = (Reply.State.UNDONE, Reply.State.BLOCKED)
    if Reply.objects.filter(ticket=ticket, text__contains=value).exclude(state__in=gone).exists():
        return True
    return Message.objects.filter(ticket=ticket, direction=Message.Direction.TEAM, text__contains=value).exists()
