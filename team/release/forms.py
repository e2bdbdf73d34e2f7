"""What people type in about a release day."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from experts.models import Expert
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

    owner: Any = forms.ModelChoiceField(label=_("Duty"), queryset=None, required=False, empty_label=_("nobody"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = get_user_model().objects.filter(is_active=True, groups__name__in=("advocate", "manager", "admin"))
        self.fields["owner"].queryset = active.distinct().order_by("username")  # type: ignore[attr-defined]
