"""What people type in to enter a shift or an absence."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _day(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


def _time(**kwargs: Any) -> forms.TimeField:
    return forms.TimeField(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **kwargs)


class ShiftForm(forms.Form):
    """Local times of whoever enters it."""

    day = _day(label=_("Day"))
    starts = _time(label=_("From"), initial=time(8))
    ends = _time(label=_("To"), initial=time(16), help_text=_("A time before the first is on the next day."))
    until = _day(label=_("Every week until"), required=False, help_text=_("Empty: only this day."))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("starts") is not None and values.get("starts") == values.get("ends"):
            self.add_error("ends", _("A shift ends at another time than it begins."))
        if values.get("until") and values.get("day") and values["until"] < values["day"]:
            self.add_error("until", _("The last day is not before the first."))
        return values


class AbsenceForm(forms.Form):
    first_day = _day(label=_("First day away"))
    last_day = _day(label=_("Last day away"))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("first_day") and values.get("last_day") and values["last_day"] < values["first_day"]:
            self.add_error("last_day", _("The last day is not before the first."))
        return values
