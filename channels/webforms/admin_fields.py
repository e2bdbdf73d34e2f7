"""Admin form fields for a channel's list columns: lines, links, roles, other channels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.links.web_addresses import is_web_address
from channels.models import Channel

ROLES = ("visible_to", "reply_roles", "post_roles")


def channel_fields(platform: str) -> dict[str, forms.Field]:
    """Name → field, for a platform's channels. Three queries, however many channels a form shows."""
    named = Channel.objects.filter(connection__platform=platform).select_related("connection")
    channels = list(named.order_by("connection__name", "rank", "name"))
    groups = list(Group.objects.order_by("name").values_list("name", flat=True))
    used = {role for channel in channels for name in ROLES for role in getattr(channel, name)}
    roles = [*((name, name) for name in groups), *_gone(used - set(groups))]
    slugs = {channel.slug: f"{channel.name} ({channel.connection.name})" for channel in channels}
    named_elsewhere = {slug for channel in channels for slug in channel.answers_from} - set(slugs)
    return {
        "slack_channels": LinesField(),
        "tool_links": LinksField(),
        "web_url": WebAddressField(),
        "answers_from": ManyField("answers_from", [*slugs.items(), *_gone(named_elsewhere)]),
        **{name: ManyField(name, roles) for name in ROLES},
    }


def _gone(names: Iterable[str]) -> list[tuple[str, str]]:
    """Choices that no longer exist. They stay visible: dropping a deleted role would open a restricted channel to
    everybody."""
    return [(name, _("%(name)s (no longer exists)") % {"name": name}) for name in sorted(names)]


class ManyField(forms.MultipleChoiceField):
    """A list of names as checkboxes, labelled like the channel's column."""

    def __init__(self, column: str, choices: list[tuple[str, str]]) -> None:
        of_model: Any = Channel._meta.get_field(column)
        super().__init__(
            required=False,
            label=of_model.verbose_name.capitalize(),
            help_text=of_model.help_text,
            widget=forms.CheckboxSelectMultiple,
            choices=choices,
        )


class LinesField(forms.CharField):
    """A JSON list of strings, edited as lines."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label=gettext_lazy("Slack channels"),
            help_text=gettext_lazy("One per line. Each gets a notice of new mentions."),
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


class LinksField(forms.CharField):
    """[{"label", "url"}], edited as lines `Licence app | https://…`."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label=gettext_lazy("Tool links"),
            help_text=gettext_lazy(
                "One per line: label | address. {handle}, {email}, {name} and {ticket} in the address are "
                "filled with the requester's data."
            ),
            widget=forms.Textarea(attrs={"rows": 3}),
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(f"{link.get('label') or link.get('url')} | {link.get('url')}" for link in value)

    def clean(self, value: Any) -> list[dict[str, str]]:
        text = super().clean(value) or ""
        return [self._link(line.strip()) for line in text.splitlines() if line.strip()]

    def _link(self, line: str) -> dict[str, str]:
        label, _bar, url = (part.strip() for part in line.rpartition("|"))
        if not is_web_address(url):
            raise ValidationError(
                _("“%(line)s” is not a link. Enter a label, a bar (|) and an address that starts with https://.")
                % {"line": line}
            )
        return {"label": label or url, "url": url}

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


class WebAddressField(forms.CharField):
    def __init__(self) -> None:
        of_model: Any = Channel._meta.get_field("web_url")
        super().__init__(
            required=False,
            max_length=of_model.max_length,
            label=of_model.verbose_name.capitalize(),
            help_text=of_model.help_text,
            widget=forms.TextInput(attrs={"size": 60}),
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        if text and not is_web_address(text):
            raise ValidationError(_("Enter a full web address, starting with https:// (or http://)."))
        return text
