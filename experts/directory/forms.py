"""The form of a request to an expert."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class AskForm(forms.Form):
    """The Slack message, its channel, and when the ticket returns to the queue if nobody answers."""

    field_order = ("key", "text", "slack_channel", "hours", "slack_link", "again", "after")

    key = forms.UUIDField(widget=forms.HiddenInput)
    slack_channel = forms.CharField(label=_("Slack channel"), max_length=80)
    text = forms.CharField(label=_("Message"), max_length=3500, widget=forms.Textarea(attrs={"rows": 11}))
    slack_link = forms.URLField(
        label=_("Already asked in Slack? Link to it"), required=False, max_length=500, assume_scheme="https"
    )
    again = forms.BooleanField(label=_("Ask anyway"), required=False)
    after = forms.IntegerField(widget=forms.HiddenInput, required=False)
    hours = forms.TypedChoiceField(
        label=_("If nobody answers, return to the queue after"),
        coerce=int,
        choices=[(1, _("1 hour")), (4, _("4 hours")), (24, _("1 day")), (48, _("2 days")), (168, _("1 week"))],
    )

    def request(self, now: datetime) -> dict[str, Any]:
        """The arguments of `outreach.ask`."""
        data = self.cleaned_data
        return {
            "key": data["key"],
            "slack_channel": data["slack_channel"],
            "text": data["text"],
            "slack_link": data["slack_link"],
            "again": data["again"],
            "until": now + timedelta(hours=data["hours"]),
        }
