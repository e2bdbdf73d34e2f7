"""An advocate notes by hand, with a macro, that an expert has answered."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from experts.models import Outreach
from experts.outreach import crediting, ending
from mentions.models import Message, Person, Ticket
from mentions.triage import tagging


def answered_by(ticket: Ticket, name: str, now: datetime) -> Outreach | None:
    """End the running request of a ticket locked by the caller: that of the person named, else the oldest. None without
    one. The answer's time is that of the team's last message there, if it came after the request."""
    running = Outreach.objects.filter(ticket=ticket, state__in=Outreach.RUNNING).order_by("asked_at", "pk")
    found = list(
        running.select_related("ticket", "expert__person", "topic", "outbound").select_for_update(of=("self",))
    )
    if not found:
        return None
    wanted = name.strip().casefold()
    outreach = next((o for o in found if o.expert and str(o.expert).casefold() == wanted), found[0])
    outreach.answered_by = Person.objects.filter(is_us=True, name__iexact=name.strip()).first()
    if outreach.answered_by is None and outreach.expert is not None and not wanted:
        outreach.answered_by = outreach.expert.person
    outreach.answer = _answer_of(outreach)
    outreach.answered_at = outreach.answer.posted_at if outreach.answer else now
    outreach.state, outreach.remind_at = Outreach.State.ANSWERED, None
    outreach.save(update_fields=["state", "answer", "answered_by", "answered_at", "remind_at"])
    if outreach.answer is not None:  # it is in this ticket: it needs no *Expert Response* of its own
        tagging.change(ticket, [crediting.RESPONSE_TAG], [])
    ending.tell(outreach, "answered", _("%(who)s has answered. Thank you!") % {"who": name or outreach.asked}, now)
    ending.withdraw_others(outreach, name or outreach.asked, now)
    return outreach


def _answer_of(outreach: Outreach) -> Message | None:
    used = Outreach.objects.filter(answer__isnull=False).values("answer")
    said = outreach.ticket.messages.filter(
        direction=Message.Direction.TEAM, posted_at__gte=outreach.asked_at, reply__isnull=True, is_deleted=False
    )
    return said.exclude(pk__in=used).defer("search", "html").order_by("-posted_at", "-pk").first()
