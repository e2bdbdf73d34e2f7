"""A form field that chooses somebody of the team, by their full names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model

from team.duties.slack import name_of


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Optional. `roles`: only people with one of them."""

    def __init__(self, *, label: Any, empty_label: Any, roles: tuple[str, ...] = ()) -> None:
        people = get_user_model().objects.filter(is_active=True).order_by("username")
        chosen = people.filter(groups__name__in=roles).distinct() if roles else people
        super().__init__(chosen, label=label, empty_label=empty_label, required=False)

    def label_from_instance(self, obj: Any) -> str:
        return name_of(obj)
