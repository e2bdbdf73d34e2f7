"""Ends requests whose draft was sent by an advocate, and credits both."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from experts.models import Outreach
from experts.outreach import crediting, ending, responding
from experts.recognising import drafting
from mentions.db import locks
from mentions.models import EventKind, Reply
from mentions.tickets.transitions import record
from mentions.triage import notes, tagging


def settle(now: datetime) -> int:
    """End the requests whose draft has reached the platform; returns how many. Idempotent."""
    with_draft = Outreach.objects.filter(state__in=Outreach.RUNNING).exclude(draft="")
    ids = list(with_draft.order_by("pk").values_list("pk", flat=True)[:200])
    return sweeps.each("sent drafts", ids, lambda pk: _settle(pk, now))


@transaction.atomic
def _settle(outreach_id: int, now: datetime) -> bool:
    outreach = locks.with_ticket(Outreach.objects.select_related(*responding.RELATED), outreach_id)
    sent = Reply.objects.filter(origin=responding.origin_of(outreach), state=Reply.State.SENT)
    reply = sent.select_related("message", "author").order_by("pk").first()
    if not outreach.is_running or reply is None:
        return False
    outreach.state, outreach.reply, outreach.remind_at = Outreach.State.SENT, reply, None
    outreach.answer, outreach.answered_by = reply.message, drafting.drafter(outreach)
    outreach.answered_at = reply.message.posted_at if reply.message else now
    outreach.save(update_fields=["state", "reply", "remind_at", "answer", "answered_by", "answered_at"])
    by = (reply.author.get_full_name() or reply.author.get_username()) if reply.author else _("the desk")
    tagging.change(outreach.ticket, [crediting.RESPONDED_TAG], [ending.REACHED_OUT_TAG])
    words = {"who": outreach.draft_by, "by": by}
    notes.write(outreach.ticket, None, _("Answered with the draft of %(who)s, sent by %(by)s.") % words, now)
    data = {"outreach": outreach.pk, "who": outreach.draft_by, "by": by, "to": "sent"}
    record(outreach.ticket, None, now, EventKind.OUTREACH, data)
    ending.tell(outreach, "answered", _("%(by)s has sent the draft. Thank you!") % {"by": by}, now)
    ending.withdraw_others(outreach, outreach.draft_by, now)
    return True
