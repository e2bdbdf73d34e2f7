"""An answer that expert and advocate write together: the page behind the link and the ticket show the same text.

Every version is kept with who wrote it. A version is saved only by somebody who has seen the one before it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from experts.models import DraftVersion, Outreach
from experts.outreach import ending, responding
from experts.outreach.outreach import respond_url
from mentions.db import locks
from mentions.models import EventKind, Ticket
from mentions.text.rendering import excerpt
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, record

MAX_VERSIONS = 200
QUOTED = 200


class Newer(Exception):
    """Somebody else has saved a version in the meantime: `version`."""

    def __init__(self, version: DraftVersion) -> None:
        super().__init__(
            _("%(who)s has changed the draft since you opened it. Nothing was saved. Combine both versions below.")
            % {"who": version.name}
        )
        self.version = version


@transaction.atomic
def save(
    outreach_id: int, text: str, *, base: int, name: str, now: datetime, actor: Any = None, for_review: bool = False
) -> DraftVersion:
    """The current version after saving; `base`: the number of the version that the writer has seen, 0 for none.
    `actor`: the advocate; None: the expert, or whoever has the link, who calls themselves `name`. `for_review`: the
    expert wants an advocate to look at it; a parked ticket returns for that. Saving the same text twice saves once.
    Raises Newer, OutcomeRefused."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    outreach = locks.with_ticket(Outreach.objects.select_related(*responding.RELATED), outreach_id)
    latest = outreach.versions.first()
    _check(outreach, text, latest, base)
    if latest is None or latest.text != text:
        number = (latest.number if latest else 0) + 1
        latest = outreach.versions.create(
            number=number, text=text, name=_name(outreach, name, actor), written_by=actor, at=now
        )
        _tell(outreach, latest, actor, now)
    if actor is None:
        _answering(outreach, latest.name, now, for_review=for_review)
    return latest


def _check(outreach: Outreach, text: str, latest: DraftVersion | None, base: int) -> None:
    if not outreach.is_running:
        raise OutcomeRefused(_("This request has already ended: %(state)s.") % {"state": outreach.get_state_display()})
    if not text:
        raise OutcomeRefused(_("The draft is empty. Write it below, then save it."))
    if len(text) > responding.MAX_WORDS:
        raise OutcomeRefused(_("The draft has more than %(most)s characters.") % {"most": responding.MAX_WORDS})
    if latest is not None and latest.number != base and latest.text != text:
        raise Newer(latest)
    if latest is not None and latest.number >= MAX_VERSIONS:
        raise OutcomeRefused(_("This draft has too many versions. Send it, or continue in the Slack thread."))


def _name(outreach: Outreach, name: str, actor: Any) -> str:
    if actor is not None:
        return str(actor.get_full_name() or actor.get_username())[:120]
    return (name.replace("\0", "").strip() or outreach.asked)[:120]


def _tell(outreach: Outreach, version: DraftVersion, actor: Any, now: datetime) -> None:
    """Tell the other side: the expert in the thread, the advocate in the ticket's history."""
    record(outreach.ticket, actor, now, EventKind.OUTREACH, _data(outreach, version.name, "wrote"))
    if actor is not None:
        words = _("%(who)s has changed the draft. Read, edit or send it here: %(url)s")
        url = respond_url(outreach.key)
        ending.tell(outreach, f"version {version.number}", words % {"who": version.name, "url": url}, now)


def _answering(outreach: Outreach, name: str, now: datetime, *, for_review: bool) -> None:
    """Accept the request, since writing an answer does that."""
    if outreach.state == Outreach.State.ASKED:
        responding.respond(outreach.pk, Outreach.State.ACKNOWLEDGED, "", now=now, by=name)
    if not for_review:
        return
    record(outreach.ticket, None, now, EventKind.OUTREACH, _data(outreach, name, "review"))
    if Ticket.objects.get(pk=outreach.ticket_id).waiting_on == Ticket.WaitingOn.EXPERT:
        why = _("%(who)s would like somebody to look at their answer") % {"who": name}
        parking.wake(outreach.ticket_id, None, now=now, why=why)


def _data(outreach: Outreach, who: str, said: str) -> dict[str, Any]:
    return {"outreach": outreach.pk, "who": who, "said": said}


def approval(version: DraftVersion) -> str:
    """The message in the thread when the advocate has nothing to change."""
    words = {"said": excerpt(version.text, QUOTED)}
    return _("The draft looks good, please post it: “%(said)s”") % words
