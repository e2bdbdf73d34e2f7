"""The macro action that decides about an application."""

from __future__ import annotations

from django.utils.translation import gettext as _

from mentions.macros.actions import Action, ActionError, Context, Spec
from mentions.models import Application
from mentions.people import access
from mentions.programs import applications


class Decide(Action):
    """`state`: the application's new state. Does nothing on a ticket that is not an application: the same macro answers
    email about a program."""

    name = "application"

    def check(self, spec: Spec) -> None:
        if spec.get("state") not in Application.State.values:
            known = ", ".join(Application.State.values)
            raise ActionError(_("“state” must be one of %(known)s.") % {"known": known})

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Sets the application, if it is one, to %(state)s") % {"state": Application.State(spec["state"]).label}

    def run(self, spec: Spec, context: Context) -> None:
        found = Application.objects.select_for_update().filter(ticket=context.ticket).first()
        if found is not None:
            access.require(context.actor, access.DECIDE)
            applications.change(found, context.ticket, spec["state"], context.actor, context.now)


DECIDE = Decide()
