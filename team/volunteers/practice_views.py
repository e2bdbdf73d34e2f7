"""The sandbox for training: practice tickets one at a time as in play mode, checked when sent; nothing leaves it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from team.models import PracticeTry
from team.practice import checking, exercises, page, progress
from team.practice.checking import PracticeStep
from team.practice.exercises import ASK, NO_REPLY, PARK, REPLY, Exercise
from team.volunteers.views import trainee

SAID = {
    REPLY: lambda: _("Practice: the reply is right. Nothing was sent."),
    ASK: lambda: _("Practice: you asked the right people. Nothing was sent."),
    NO_REPLY: lambda: _("Practice: it needs no reply."),
}


def _exercise(request: HttpRequest, slug: str) -> Exercise:
    """Raises Http404, also for those whom the training isn't for."""
    trainee(request)
    found = exercises.find(slug)
    if found is None:
        raise Http404(slug)
    return found


@require_GET
@login_required
@never_cache
def play(request: HttpRequest) -> HttpResponse:
    """The next one that isn't solved."""
    trainee(request)
    found = progress.next_open(request.user)
    if found is None:
        return render(request, "team/practice_done.html")
    return redirect("team:practice", found.slug)


@require_GET
@login_required
@never_cache
def show(request: HttpRequest, exercise: str) -> HttpResponse:
    return _shown(request, _exercise(request, exercise))


def _shown(request: HttpRequest, exercise: Exercise, tried: PracticeStep | None = None) -> HttpResponse:
    row = progress.last_try(request.user, exercise)
    shown = page.context(request, exercise, row, desk_now(), tried)
    return render(request, "team/practice.html", shown, status=422 if tried else 200)


@require_POST
@login_required
def act(request: HttpRequest, exercise: str, outcome: str = REPLY) -> HttpResponse:
    """Checks the action; if it is right, the ticket is solved, with a short time to undo. The fields are those of play
    mode; `ask` has `team` and `request`."""
    found = _exercise(request, exercise)
    if outcome == "hand-back":
        return _hand_back(request, found)
    if outcome == "again":
        progress.begin_again(request.user, found)
        return redirect("team:practice", found.slug)
    if outcome not in (REPLY, ASK, PARK, NO_REPLY):
        raise Http404(outcome)
    deed = _deed(request, outcome)
    if deed.kind == REPLY:
        progress.save_draft(request.user, found, deed.text)
    if progress.last_try(request.user, found).done_at is not None:
        return redirect("team:practice", found.slug)
    if not checking.judge(found, deed).is_right:
        return _shown(request, found, deed)
    row = progress.solve(request.user, found, deed, desk_now())
    messages.info(request, SAID[outcome](), extra_tags=f"undo-practice-{row.pk}")
    return redirect("team:practice", found.slug)


def _deed(request: HttpRequest, outcome: str) -> PracticeStep:
    text, choice = {REPLY: ("text", ""), ASK: ("request", "team"), NO_REPLY: ("", "reason")}.get(outcome, ("", ""))
    return PracticeStep(outcome, request.POST.get(text, "")[: progress.MAX_LENGTH], request.POST.get(choice, "")[:20])


def _hand_back(request: HttpRequest, exercise: Exercise) -> HttpResponse:
    """In play mode somebody else gets it next; here it comes up again after the others."""
    following = progress.next_open(request.user, exercise.slug)
    messages.info(request, _("Practice: handed back. It comes up again after the others."))
    return redirect("team:practice_play") if following is None else redirect("team:practice", following.slug)


@require_POST
@login_required
def undo(request: HttpRequest, number: int) -> HttpResponse:
    trainee(request)
    row = get_object_or_404(PracticeTry, pk=number, user=request.user)
    try:
        progress.take_back(row, desk_now())
    except progress.TooLate as late:
        messages.error(request, str(late))
    else:
        messages.success(request, _("Undone: your text is a draft again."))
    return redirect("team:practice", row.exercise)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def draft(request: HttpRequest, exercise: str) -> HttpResponse:
    """Autosave, as static/js/drafts.js expects it; the last writer wins."""
    found = _exercise(request, exercise)
    if request.method == "POST":
        row = progress.save_draft(request.user, found, request.POST.get("text", ""))
    else:
        row = progress.last_try(request.user, found)
    writer = request.POST.get("writer", "")[:40]
    return JsonResponse({"text": row.text, "version": row.version, "writer": writer, "is_newest": True})


@require_http_methods(["GET", "POST"])
@login_required
def macro(request: HttpRequest, exercise: str) -> HttpResponse:
    """`macro`: its name in the address. GET shows the preview (`X-Fragment`: for the ticket's page), POST puts its text
    before the draft."""
    found = _exercise(request, exercise)
    wanted = request.POST.get("macro") or request.GET.get("macro")
    chosen = next((each for each in exercises.MACROS if each.pk == wanted), None)
    if chosen is None:
        raise Http404("no such macro")
    text = page.macro_text(chosen, found)
    if request.method == "POST":
        written = progress.last_try(request.user, found).text
        progress.save_draft(request.user, found, f"{text}\n{written}" if written.strip() else text)
        return redirect("team:practice", found.slug)
    template = "team/_practice_macro.html" if request.headers.get("X-Fragment") else "team/practice_macro.html"
    return render(request, template, {"exercise": found, "macro": chosen, "text": text})
