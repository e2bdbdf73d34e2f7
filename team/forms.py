"""Forms for a shift and an absence."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channels.models import Team
from team.models.coverage import FIRST_DAY, LAST_DAY, validate_day


def _day(**kwargs: Any) -> forms.DateField:
    bounds = {"min": FIRST_DAY.isoformat(), "max": LAST_DAY.isoformat()}
    widget = forms.DateInput(attrs={"type": "date", **bounds}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, validators=[validate_day], **kwargs)


def _time(**kwargs: Any) -> forms.TimeField:
    return forms.TimeField(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **kwargs)


class ShiftForm(forms.Form):
    """Times are local to the person who enters them."""

    day = _day(label=_("Day"))
    starts = _time(label=_("From"), initial=time(8))
    ends = _time(
        label=_("To"), initial=time(16), help_text=_("If this is earlier than “From”, the shift ends the next day.")
    )
    until = _day(label=_("Every week until"), required=False, help_text=_("Leave empty for this day only."))
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"), required=False, empty_label=_("Desk"))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    is_on_call = forms.BooleanField(
        label=_("On call"),
        required=False,
        help_text=_("Reached when something is urgent outside of coverage hours; does not count as coverage."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not Team.objects.exists():
            del self.fields["team"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("starts") is not None and values.get("starts") == values.get("ends"):
            self.add_error("ends", _("A shift can’t end at the time it starts."))
        if values.get("until") and values.get("day") and values["until"] < values["day"]:
            self.add_error("until", _("The last day can’t be before the first."))
        return values


class AbsenceForm(forms.Form):
    first_day = _day(label=_("First day away"))
    last_day = _day(label=_("Last day away"))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("first_day") and values.get("last_day") and values["last_day"] < values["first_day"]:
            self.add_error("last_day", _("The last day can’t be before the first."))
        return values
