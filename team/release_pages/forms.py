"""Forms for a release day."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from experts.models import Expert
from team.duties.choosing import PersonField
from team.models import Release


class ReleaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, link, day, and the experts who are on call."""

    class Meta:
        model = Release
        fields = ("name", "url", "day", "experts")
        labels = {"experts": _("Experts on call")}
        widgets = {
            "day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "experts": forms.SelectMultiple(attrs={"size": 6}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.instance.experts.values("pk") if self.instance.pk else []
        known = Expert.objects.select_related("person")
        self.fields["experts"].queryset = (known.filter(is_active=True) | known.filter(pk__in=chosen)).distinct()  # type: ignore[attr-defined]


class OwnerForm(forms.Form):
    """By a manager; empty: nobody."""

    owner = PersonField(label=_("Duty"), empty_label=_("nobody"), roles=("advocate", "manager", "admin"))
