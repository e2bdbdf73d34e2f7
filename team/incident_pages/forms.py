"""Forms that open and edit an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels.audience import seen_by
from channels.models import Channel
from team.models import Incident, validate_words
from team.models.coverage import validate_day


class LinesField(forms.Field):
    """A list of phrases, one per line."""

    widget = forms.Textarea(attrs={"rows": 6})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        text = str(value or "").replace("\0", "")
        return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))

    def validate(self, value: Any) -> None:
        validate_words(value)


def _began() -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=_("Started"), widget=widget, validators=[validate_day])


class OpenForm(forms.Form):
    """Opens one by hand: what is wrong, and since when."""

    name = forms.CharField(label=_("What is wrong"), max_length=200, help_text=_("Such as: Pipelines are slow."))
    url = forms.URLField(label=_("Its status page"), max_length=500, required=False, assume_scheme="https")
    started_at = _began()

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean_started_at(self) -> datetime:
        return _not_ahead(self.cleaned_data["started_at"], self.now)


class DetailsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, link, start, and what identifies its mentions."""

    started_at = _began()
    words = LinesField(
        label=_("Words"), required=False,
        help_text=_("One word, phrase or address per line. Mentions that contain one are proposed."),
    )  # fmt: skip

    class Meta:
        model = Incident
        fields = ("name", "url", "started_at", "words", "channels")
        widgets = {"channels": forms.SelectMultiple(attrs={"size": 6})}

    def __init__(self, *args: Any, user: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.seen = seen_by(user, Channel).filter(is_active=True).order_by("name")
        self.fields["channels"].queryset = self.seen  # type: ignore[attr-defined]
        self.fields["channels"].help_text = _(
            "Only mentions on these channels are proposed. Select none for all channels."
        )

    def clean_started_at(self) -> datetime:
        return _not_ahead(self.cleaned_data["started_at"], self.now)

    def save_for(self, incident_id: int) -> None:
        """Only these columns; channels that this person may not see stay selected."""
        given = self.cleaned_data
        values = {name: given[name] for name in ("name", "url", "started_at", "words")}
        Incident.objects.filter(pk=incident_id).update(**values)
        incident = Incident.objects.get(pk=incident_id)
        hidden = incident.channels.exclude(pk__in=self.seen.values("pk"))
        incident.channels.set([*given["channels"], *hidden])


def _not_ahead(at: datetime, now: datetime) -> datetime:
    if at > now:
        raise ValidationError(_("It can’t start in the future."))
    return at
