"""The macro action that draws a code; its value is {code} in the reply that follows."""

from __future__ import annotations

from django.utils.translation import gettext as _

from channels.registry.finding_adapters import UnknownPlatform, adapter_for
from mentions.codes import stock as stocks
from mentions.macros.actions import Action, Context, Spec
from mentions.models import CodeStock, Ticket
from mentions.tickets.transitions import OutcomeRefused


class GiveCode(Action):
    """`stock`: its name."""

    name = "give_code"
    texts = ("stock",)

    def gives(self, spec: Spec) -> set[str]:
        return {"code"}

    def describe(self, spec: Spec, context: Context) -> str:
        found = CodeStock.objects.filter(name=spec["stock"]).first()
        if found is None:
            return _("There is no stock “%(stock)s”") % {"stock": spec["stock"]}
        return _("Takes a code from “%(stock)s” (%(left)s left)") % {"stock": found, "left": stocks.left(found)}

    def run(self, spec: Spec, context: Context) -> None:
        found = CodeStock.objects.filter(name=spec["stock"]).first()
        if found is None:
            raise OutcomeRefused(_("There is no stock “%(stock)s”. Ask an admin to add it.") % {"stock": spec["stock"]})
        _require_private(context.ticket)
        context.variables["code"] = stocks.draw(found, context.ticket, context.actor, context.now)


def _require_private(ticket: Ticket) -> None:
    """Raises OutcomeRefused where others would read the code."""
    said = ticket.messages.filter(direction="in").order_by("-posted_at", "-id")
    thread = said.values_list("thread_id", flat=True).first() or ""
    try:
        is_private = adapter_for(ticket.channel.connection.platform).is_private_thread(thread)
    except UnknownPlatform:
        is_private = False
    if not is_private:
        raise OutcomeRefused(_("Everybody could read the code here. Give it by email or in a private message."))


GIVE_CODE = GiveCode()
