"""Personal settings: theme, time zone, keys, shift, and one's own platform accounts."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta
from functools import cache
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from channels.clocks import desk_now
from channels.errors import ChannelError
from channels.outbox import personal as own_accounts
from channels.secrets.vault import without_secrets
from mentions.models import Account, Preference
from mentions.notifications import reachable
from mentions.people import access, linked_accounts, reauthentication
from mentions.views.viewer import preference_of

SHIFTS = [("", gettext_lazy("no change")), *((str(h), gettext_lazy("%d h from now") % h) for h in (4, 6, 8, 10))]
END_SHIFT = "0"
REPORT_FIELDS = ("weekly_digest", "monthly_package")
"""For people who may read reports."""
STOP_POLLING = 286
"""https://htmx.org/docs/#polling"""


@cache
def zones() -> list[tuple[str, str]]:
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class PreferenceForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False, choices=zones)
    shift = forms.ChoiceField(
        label=gettext_lazy("On shift until"),
        required=False,
        choices=[*SHIFTS, (END_SHIFT, gettext_lazy("not on shift"))],
        help_text=gettext_lazy("While you are on shift, answers to your tickets come to you first."),
    )

    theme = forms.ChoiceField(
        label=gettext_lazy("Theme"), required=False, choices=Preference.Theme.choices, widget=forms.RadioSelect
    )

    class Meta:
        model = Preference
        fields = ("theme", "time_zone", "has_keys", "weekly_digest", "monthly_package")
        labels = {"has_keys": gettext_lazy("Single-key shortcuts")}
        help_texts = {
            "has_keys": gettext_lazy("Keys such as r, p or x outside text fields. Ctrl combinations always work."),
            "weekly_digest": gettext_lazy(
                "What changed in the past week, on Mondays at 7:00 in your time zone. The first one is sent at once."
            ),
            "monthly_package": gettext_lazy(
                "The past month as slides, pictures and tables, on the first of each month. The first is sent at once."
            ),
        }

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.has_perm(access.VIEW_REPORTS):
            for name in REPORT_FIELDS:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """A new choice has to reach them; an old one that no longer does must not keep them from saving."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in REPORT_FIELDS:
            if name in self.changed_data:
                for way in reachable.WAYS.get(cleaned.get(name, ""), ()):
                    if refused := reachable.why_not(self.user, way):
                        self.add_error(name, refused)
        return cleaned


@require_http_methods(["GET", "POST"])
@login_required
def me(request: HttpRequest) -> HttpResponse:
    form = PreferenceForm(request.POST or None, instance=preference_of(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        hours = form.cleaned_data["shift"]
        preference = form.save(commit=False)
        if hours:
            preference.shift_until = None if hours == END_SHIFT else desk_now() + timedelta(hours=int(hours))
        preference.save()
        messages.success(request, _("Saved."))
        return redirect("mentions:me")
    accounts = Account.objects.filter(person__user=request.user.pk).order_by("namespace", "handle")
    page = {"form": form, "accounts": accounts, "places": linked_accounts.places(request.user)}
    return render(request, "mentions/me.html", page)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def account(request: HttpRequest, number: int) -> HttpResponse:
    """One's own account on connection `number`. POST `do`: save (the entered values; never shown again), check, remove.
    GET, for polling: 204 until the check is over, then its result (286: stop polling)."""
    place = linked_accounts.place_of(request.user, number)
    if place is None:
        raise Http404(number)
    if request.method == "GET":
        if place.account is not None and place.account.is_being_checked:
            return HttpResponse(status=204)
        return render(request, "mentions/_account_status.html", {"place": place}, status=STOP_POLLING)
    back = f"{reverse('mentions:me')}#accounts"
    if request.POST.get("do") != "check" and reauthentication.is_needed(request):
        messages.info(request, _("Confirm your identity, then enter it again. Nothing was saved."))
        return reauthentication.ask(request, back)
    try:
        _change(request, place)
    except ChannelError as error:
        messages.error(request, without_secrets(str(error)))
    return redirect(back)


def _change(request: HttpRequest, place: linked_accounts.Place) -> None:
    """Raises ChannelError with a message for the user."""
    user_id, connection = int(request.user.pk or 0), place.connection
    match request.POST.get("do"):
        case "remove":
            own_accounts.forget(user_id, connection.pk)
            messages.success(request, _("Removed. From now on, post your answers there by hand."))
        case "check":
            own_accounts.check_again(user_id, connection.pk)
        case "save":
            given = {field.name: request.POST.get(f"field_{field.name}", "") for field, _stored in place.fields}
            own_accounts.save(user_id, connection, place.adapter, given)
