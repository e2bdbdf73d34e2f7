"""An advocate's actions on a request: record the expert's response, use their draft, write in the thread, confirm an
answer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from experts.asking import shared_draft
from experts.models import Outreach, PossibleAnswer
from experts.outreach import responding, talking, verdicts
from experts.views.asking import may_ask
from mentions.people import access
from mentions.tickets.transitions import OutcomeRefused
from mentions.views.ticket.acting import back_to, number_of


@require_POST
@login_required
@may_ask
def change(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """An advocate records the expert's response."""
    found = get_object_or_404(access.seen_by(request.user, Outreach), pk=outreach_id)
    state = request.POST.get("state", "")
    if state not in ("acknowledged", "redirected", "declined", "no_answer"):
        raise Http404(state)
    try:
        responding.respond(found.pk, state, request.POST.get("words", ""), now=desk_now(), actor=request.user)
    except OutcomeRefused as error:
        messages.error(request, str(error))
    return back_to(request, found.ticket_id, desk_now())


@require_POST
@login_required
@may_ask
def use_draft(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """Put the expert's draft in this advocate's composer."""
    found = get_object_or_404(access.seen_by(request.user, Outreach).exclude(draft=""), pk=outreach_id)
    responding.put_in_composer(found, request.user, desk_now())
    messages.success(request, _("The draft is in the composer."))
    return back_to(request, found.ticket_id, desk_now())


@require_POST
@login_required
@may_ask
def edit_draft(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """The advocate's part in a draft: `text` with `base`, the version it changes; with `approve`, the expert is told in
    the thread that it looks good (once per `key`)."""
    found = get_object_or_404(access.seen_by(request.user, Outreach), pk=outreach_id)
    base, text, now = number_of(request.POST.get("base")) or 0, request.POST.get("text", ""), desk_now()
    try:
        saved = shared_draft.save(found.pk, text, base=base, name="", now=now, actor=request.user)
        if request.POST.get("approve"):
            talking.say(found.pk, request.user, shared_draft.approval(saved), request.POST.get("key", ""), now)
    except shared_draft.Newer as newer:
        messages.error(request, f"{newer} {_('Yours:')} {text[:500]}")
    except OutcomeRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The draft is saved. The expert is notified in the Slack thread."))
    return back_to(request, found.ticket_id, desk_now())


@require_POST
@login_required
@may_ask
def say(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """Answer the expert in the Slack thread; `key` is the page's. The ticket keeps waiting if it came back for this."""
    found = get_object_or_404(access.seen_by(request.user, Outreach), pk=outreach_id)
    try:
        talking.say(found.pk, request.user, request.POST.get("text", ""), request.POST.get("key", ""), desk_now())
    except OutcomeRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Sent to the Slack thread."))
    return back_to(request, found.ticket_id, desk_now())


@require_POST
@login_required
@may_ask
def decide(request: HttpRequest, possible_id: int) -> HttpResponse:
    """*Was this the answer?* `verdict`: yes or no."""
    found = get_object_or_404(access.seen_by(request.user, PossibleAnswer).select_related("outreach"), pk=possible_id)
    verdict = request.POST.get("verdict", "")
    if verdict not in ("yes", "no"):
        raise Http404(verdict)
    now = desk_now()
    if verdicts.decide(found.pk, request.user, is_answer=verdict == "yes", now=now):
        messages.success(request, _("Thank you, noted.") if verdict == "no" else _("The request is answered."))
    return back_to(request, found.outreach.ticket_id, now)
