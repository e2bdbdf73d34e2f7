"""Macro actions of the experts floor: ask an expert, note an answer, share with all colleagues."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from experts.community import sharing
from experts.outreach import crediting, noting
from mentions.macros.actions import Action, ActionError, Context, Spec
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import tagging


class AskExpert(Action):
    """*Reached Out to Expert* does the same as the key `e`: it opens the page that asks, records the request and
    parks."""

    name = "ask_expert"
    opens = "experts:ask"

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Asks an expert and parks the ticket")

    def run(self, spec: Spec, context: Context) -> None:
        raise OutcomeRefused(_("Choose who to ask: press e on the ticket."))


class ExpertAnswered(Action):
    """Ends the request that the ticket waits for. `who`: the name of whoever answered, credited if known. `link`: to an
    answer that the desk can't see; it counts as if it were here."""

    name = "expert_answered"
    texts = ("who",)

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Ends the request to the expert, if one is running")

    def run(self, spec: Spec, context: Context) -> None:
        if ended := noting.answered_by(context.ticket, context.render(spec["who"]), context.now):
            context.data["outreach"] = ended.pk
        if context.render(str(spec.get("link") or "")).strip():
            tagging.change(context.ticket, [crediting.RESPONSE_TAG], [])


class ExpertResponse(Action):
    """Links a ticket that is an answer with the one it answers, and ends the request there. `original`: number or
    address of that ticket; without it, nothing happens."""

    name = "expert_response"
    texts = ("original",)

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Links the ticket that it answers, and ends the request on that ticket")

    def run(self, spec: Spec, context: Context) -> None:
        if named := context.render(spec["original"]).strip():
            context.data["original"] = noting.response_to(named, context.ticket, context.actor, context.now).pk


class ShareWithCommunity(Action):
    """Posts the mention with guidance and *I'll take it*. `when_answered`: "reopen" (default) or "count"."""

    name = "share_with_community"
    texts = ("channel", "guidance")
    answered = ("reopen", "count")

    def check(self, spec: Spec) -> None:
        super().check(spec)
        if spec.get("when_answered", "reopen") not in self.answered:
            raise ActionError(_("“when_answered” must be one of %(known)s.") % {"known": ", ".join(self.answered)})
        if len(str(spec["guidance"]).strip().splitlines()) > sharing.GUIDANCE_LINES:
            raise ActionError(_("“guidance” has at most %(most)s lines.") % {"most": sharing.GUIDANCE_LINES})

    def describe(self, spec: Spec, context: Context) -> str:
        return _("Shares it in %(channel)s, where any colleague can take it") % {"channel": spec["channel"]}

    def run(self, spec: Spec, context: Context) -> None:
        shared = sharing.share(
            context.ticket,
            context.actor,
            key=context.key_for(f"community:{spec['channel']}"),
            channel=spec["channel"],
            guidance=context.render(str(spec["guidance"]).strip()),
            reopens=spec.get("when_answered", "reopen") == "reopen",
            now=context.now,
        )
        outbound: list[Any] = context.data.setdefault("slack", [])
        if shared.outbound_id:
            outbound.append(shared.outbound_id)


ACTIONS: tuple[Action, ...] = (AskExpert(), ExpertAnswered(), ExpertResponse(), ShareWithCommunity())
