"""The page of expertises: who owns what, who takes over when, and rounds of rotation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from team.duties.choosing import PersonField
from team.expertise import rotation
from team.models import Expertise, StandIn

may_see = permission_required("team.view_expertise", raise_exception=True)
may_change = permission_required("team.change_expertise", raise_exception=True)


def _day(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class RotationForm(forms.Form):
    """Owner now, and who takes over when."""

    owner = PersonField(label=gettext_lazy("Owner"), empty_label=gettext_lazy("nobody"))
    next_owner = PersonField(label=gettext_lazy("Next"), empty_label=gettext_lazy("nobody"))
    rotates_on = _day(label=gettext_lazy("Rotates on"), required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("next_owner") is not None and values.get("next_owner") == values.get("owner"):
            self.add_error("next_owner", _("Somebody else takes over, or nobody."))
        if values.get("next_owner") is not None and not values.get("rotates_on"):
            self.add_error("rotates_on", _("Enter the day on which they take over."))
        return values


class RoundForm(forms.Form):
    day = _day(label=gettext_lazy("Everything rotates on"))

    def clean_day(self) -> Any:
        if self.cleaned_data["day"] <= desk_now().date():
            raise forms.ValidationError(_("Choose a day in the future."))
        return self.cleaned_data["day"]


@require_GET
@login_required
@may_see
def expertises(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(
    request: HttpRequest, *, bound: dict[int, RotationForm] | None = None, round_form: Any = None
) -> HttpResponse:
    rows = list(Expertise.objects.select_related("owner", "next_owner").prefetch_related("turns__user"))
    may = request.user.has_perm("team.change_expertise")
    people, today = rotation.advocates() if may else [], desk_now().date()
    stand_ins = _stand_ins()
    shown = [
        (each, (bound or {}).get(each.pk) or _form(each, people, today) if may else None, stand_ins.get(each.pk))
        for each in rows
    ]
    context = {
        "rows": shown,
        "today": today,
        "round_form": (round_form or RoundForm(auto_id="round-%s")) if may else None,
    }
    return render(request, "team/expertises.html", context, status=422 if bound or round_form else 200)


def _stand_ins() -> dict[int, StandIn]:
    """Expertise → its owner has it only while somebody is away."""
    rows = StandIn.objects.filter(role=StandIn.Role.EXPERTISE, ended_at=None, begun_at__isnull=False)
    return {row.number: row for row in rows.select_related("user", "absence")}


def _form(expertise: Expertise, people: list[Any], today: Any) -> RotationForm:
    """With a suggestion who could be next."""
    following = expertise.next_owner or rotation.suggested(expertise, people, today)
    initial = {"owner": expertise.owner, "next_owner": expertise.next_owner, "rotates_on": expertise.rotates_on}
    form = RotationForm(initial=initial, auto_id=f"e{expertise.pk}-%s")
    if expertise.next_owner is None and following is not None:
        words = {"who": following.get_full_name() or following.username}
        form.fields["next_owner"].help_text = _("%(who)s would be next.") % words
    return form


@require_POST
@login_required
@may_change
def rotate(request: HttpRequest, number: int) -> HttpResponse:
    """Change the owner now, and plan who takes over when."""
    found = get_object_or_404(Expertise, pk=number)
    form = RotationForm(request.POST, auto_id=f"e{found.pk}-%s")
    if not form.is_valid():
        return _page(request, bound={found.pk: form})
    data = form.cleaned_data
    if data["owner"] != found.owner:
        rotation.hand_over(found.pk, data["owner"], desk_now().date())
    rotation.plan(found.pk, data["next_owner"], data["rotates_on"])
    messages.success(request, _("Saved."))
    return redirect("team:expertises")


@require_POST
@login_required
@may_change
def start_round(request: HttpRequest) -> HttpResponse:
    """Everything rotates on one day."""
    form = RoundForm(request.POST, auto_id="round-%s")
    if not form.is_valid():
        return _page(request, round_form=form)
    planned = rotation.plan_round(form.cleaned_data["day"])
    words = ngettext("%(count)d expertise rotates.", "%(count)d expertises rotate.", planned) % {"count": planned}
    messages.success(request, words + " " + _("You can change below who gets which."))
    return redirect("team:expertises")
