"""Admin forms built from an adapter's fields. Secrets are write-only: never rendered, and empty input keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.contract import Adapter, Field, FieldKind, LookupKind
from channels.models import Channel, Connection, Lookup
from channels.registry.fields import typed_value
from channels.secrets.vault import ENV_NAMES, ENV_PREFIX, SecretUnreadable, names_variable, seal
from channels.webforms.admin_fields import channel_fields

SETTING = "setting_"
SECRET = "secret_"  # noqa: S105
FORGET = "forget_"
CONNECTION_FIELDS = ("name", "is_active", "paused_reason", "token_expires_at")
TARGET = ("target_minutes", "skips_weekends", "counts_coverage", "team")
CHANNEL_GROUPS: tuple[tuple[str | Promise | None, tuple[str, ...]], ...] = (
    (None, ("name", "slug", "address", "rank", "is_default", "is_active")),
    (
        gettext_lazy("Incoming"),
        ("source", "web_url", "is_checked_weekly", "expected_silence_minutes"),
    ),
    (gettext_lazy("Visibility"), ("visible_to", "is_internal")),
    (
        gettext_lazy("Replies"),
        ("may_reply", "reply_roles", "answers_from", "post_roles", "priority", *TARGET, "due_soon_minutes"),
    ),
    (gettext_lazy("Routing"), ("to_queue", "slack_channels", "slack_mode")),
    (gettext_lazy("Guidance"), ("workflow", "guidelines", "tool_links")),
)
"""Heading → channel columns that an admin edits."""
CHANNEL_FIELDS = tuple(name for _heading, names in CHANNEL_GROUPS for name in names)


def form_names(fields: Iterable[Field], stored_secrets: Mapping[str, str]) -> list[str]:
    """Names of the form fields for an adapter's fields, in order."""
    names = []
    for field in fields:
        secret = field.kind is FieldKind.SECRET
        names.append((SECRET if secret else SETTING) + field.name)
        if secret and not field.required and stored_secrets.get(field.name):
            names.append(FORGET + field.name)
    return names


def connection_form(adapter: Adapter, stored_secrets: Mapping[str, str]) -> type[forms.ModelForm[Any]]:
    return _form(Connection, CONNECTION_FIELDS, "ConnectionForm", adapter.fields, stored_secrets)


def channel_form(adapter: Adapter) -> type[forms.ModelForm[Any]]:
    """One class for all channels of a connection: each form reads stored values from its own instance."""
    declared = channel_fields(adapter.platform)
    return _form(Channel, CHANNEL_FIELDS, "ChannelForm", adapter.channel_fields, {}, **declared)


def lookup_form(
    kind: LookupKind, names: tuple[str, ...], stored_secrets: Mapping[str, str]
) -> type[forms.ModelForm[Any]]:
    """Required settings may come from the lookup's connection, so none is required here: a search says what is
    missing."""
    fields = tuple(replace(field, required=False) for field in kind.fields)
    shown = tuple(name for name in names if name != "connection" or kind.platform)
    return _form(Lookup, shown, "LookupForm", fields, stored_secrets)


class AdapterForm(forms.ModelForm):  # type: ignore[type-arg]
    """Edits its instance's `settings` and `secrets` through the adapter's fields."""

    adapter_fields: tuple[Field, ...] = ()
    secret_changes: Mapping[str, list[str]] = {}
    """Names of the secrets set and removed, for the audit log."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.adapter_fields:
            if field.kind is FieldKind.SECRET:
                self._prepare_secret(field)
            elif field.name in self.instance.settings:
                self.initial.setdefault(SETTING + field.name, _shown(field, self.instance.settings[field.name]))

    def _prepare_secret(self, field: Field) -> None:
        stored = self.instance.secrets.get(field.name, "")
        shown = self.fields.get(SECRET + field.name)
        if shown is None or not stored:
            return
        shown.required = False
        where = stored if stored.startswith(ENV_PREFIX) else _("stored encrypted")
        shown.help_text = _("Set (%(where)s). Leave it empty to keep it. %(help)s") % {
            "where": where,
            "help": field.help,
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        settings, sealed = dict(self.instance.settings), dict(self.instance.secrets)
        for field in self.adapter_fields:
            try:
                if field.kind is FieldKind.SECRET:
                    self._clean_secret(field, sealed)
                else:
                    self._clean_setting(field, settings)
            except ValueError as error:
                self.add_error(SETTING + field.name, str(error))
            except SecretUnreadable as error:
                self.add_error(SECRET + field.name, str(error))
        before = self.instance.secrets
        self.secret_changes = {
            "set": sorted(name for name, value in sealed.items() if before.get(name) != value),
            "removed": sorted(name for name in before if name not in sealed),
        }
        if not self.errors:
            self.instance.settings, self.instance.secrets = settings, sealed
        return dict(self.cleaned_data)

    def _clean_secret(self, field: Field, sealed: dict[str, str]) -> None:
        given = self.cleaned_data.get(SECRET + field.name) or ""
        if given.startswith(ENV_PREFIX) and not names_variable(given):
            self.add_error(
                SECRET + field.name,
                _("After env:, enter the name of a variable that starts with %(begin)s, such as env:%(begin)sTOKEN.")
                % {"begin": ENV_NAMES},
            )
        elif given:
            sealed[field.name] = seal(given)
        elif self.cleaned_data.get(FORGET + field.name):
            sealed.pop(field.name, None)

    def _clean_setting(self, field: Field, settings: dict[str, Any]) -> None:
        name = SETTING + field.name
        if name not in self.cleaned_data:  # it already has an error
            return
        given = self.cleaned_data[name]
        if given is None or given == "":
            settings.pop(field.name, None)  # use the adapter's default, even if that changes later
        else:
            settings[field.name] = typed_value(field, given)

    def save(self, commit: bool = True) -> Any:
        """Saves only the form's fields: a poller may be writing the row's cursor, lease or health."""
        if not commit or self.instance.pk is None:
            return super().save(commit)
        own = [name for name in self._meta.fields or () if name in CONNECTION_FIELDS + CHANNEL_FIELDS]
        self.instance.save(update_fields=[*own, "settings", "secrets"])
        return self.instance


def _form(
    model: type[Any],
    names: tuple[str, ...],
    class_name: str,
    fields: tuple[Field, ...],
    stored_secrets: Mapping[str, str],
    **declared: forms.Field,
) -> type[forms.ModelForm[Any]]:
    attributes: dict[str, Any] = {"adapter_fields": fields, "__module__": __name__, **declared}
    for field in fields:
        prefix = SECRET if field.kind is FieldKind.SECRET else SETTING
        attributes[prefix + field.name] = _form_field(field)
        if field.kind is FieldKind.SECRET and FORGET + field.name in form_names([field], stored_secrets):
            forget = forms.BooleanField(required=False, label=_("Forget %(label)s") % {"label": field.label})
            attributes[FORGET + field.name] = forget
    attributes["Meta"] = type("Meta", (), {"model": model, "fields": names})
    return type(class_name, (AdapterForm,), attributes)


def _form_field(field: Field) -> forms.Field:
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": field.required}
    match field.kind:
        case FieldKind.SECRET:
            usual = _("The value itself, or env:%(begin)sNAME for a server variable.") % {"begin": ENV_NAMES}
            common["help_text"] = field.help or usual
            widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 60})
            return forms.CharField(**common, widget=widget)
        case FieldKind.INTEGER:
            return forms.IntegerField(**common, initial=field.default)
        case FieldKind.BOOLEAN:
            return forms.BooleanField(**{**common, "required": False}, initial=bool(field.default))
        case FieldKind.CHOICE:
            blank = [] if field.required or field.default else [("", "—")]
            return forms.ChoiceField(**common, initial=field.default, choices=[*blank, *field.choices])
        case FieldKind.LIST:
            rows = forms.Textarea(attrs={"rows": 4, "cols": 60})
            return forms.CharField(**common, initial=_shown(field, field.default), widget=rows)
        case _:
            return forms.CharField(**common, initial=field.default, widget=forms.TextInput(attrs={"size": 60}))


def _shown(field: Field, value: Any) -> Any:
    if field.kind is FieldKind.LIST and isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return value
