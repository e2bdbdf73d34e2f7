"""Validates an admin's input against the adapter's fields (`contract.Field`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from channels.contract import Field, FieldKind, Json
from channels.errors import ChannelError

_TRUE = frozenset(("true", "1", "yes", "on"))
_FALSE = frozenset(("false", "0", "no", "off", ""))


class InvalidSettings(ChannelError):
    """Settings are missing or invalid; `problems` maps field names to sentences."""

    def __init__(self, problems: Mapping[str, str], labels: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{labels.get(name, name)}: {text}" for name, text in problems.items()))
        self.problems = dict(problems)


def cleaned(fields: Iterable[Field], values: Mapping[str, Json], *, complete: bool = True) -> dict[str, Json]:
    """Validated values with defaults; unknown names are kept, secrets are not checked. Raises InvalidSettings.

    With `complete`, required fields must be set.
    """
    known = [field for field in fields if field.kind is not FieldKind.SECRET]
    result, problems = dict(values), {}
    for field in known:
        try:
            value = typed_value(field, values.get(field.name))
        except ValueError as error:
            problems[field.name] = str(error)
            continue
        if value is None or value == [] or value == "":
            if complete and field.required:
                problems[field.name] = _("This field is required.")
            result.pop(field.name, None)
        else:
            result[field.name] = value
    if problems:
        raise InvalidSettings(problems, {field.name: field.label for field in known})
    return result


def typed_value(field: Field, value: Json) -> Json:
    """One value, converted to its kind's type; the field's default if empty. Raises ValueError with a sentence."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return field.default
    match field.kind:
        case FieldKind.INTEGER:
            return _integer(field, value)
        case FieldKind.BOOLEAN:
            return _boolean(value)
        case FieldKind.CHOICE:
            return _choice(field, value)
        case FieldKind.LIST:
            return _list(value)
        case FieldKind.URL:
            return _url(_text(value))
        case _:
            return _text(value)


def _text(value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(_("Enter text."))
    text = str(value).strip()
    if "\0" in text:
        raise ValueError(_("Text cannot contain null characters."))
    return text


def _integer(field: Field, value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(_("Enter a whole number."))
    try:
        number = int(str(value).strip())
    except ValueError:
        raise ValueError(_("Enter a whole number.")) from None
    if field.name.endswith("port") and not 1 <= number <= 65535:
        raise ValueError(_("A port is a number from 1 to 65535."))
    return number


def _boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(_("Enter true or false."))


def _choice(field: Field, value: Json) -> str:
    choices = [choice for choice, label in field.choices]
    if value not in choices:
        raise ValueError(_("Choose one of: %(known)s.") % {"known": ", ".join(choices)})
    return str(value)


def _list(value: Json) -> list[str]:
    entries = value.splitlines() if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise ValueError(_("Enter a list, one entry per line."))
    texts = [_text(entry) for entry in entries if entry is not None]
    return list(dict.fromkeys(text for text in texts if text))


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(_("The address or its port is not valid. A port is a number from 1 to 65535.")) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in text):
        raise ValueError(_("Enter a full web address, starting with https:// (or http://)."))
    if port == 0:
        raise ValueError(_("A port is a number from 1 to 65535."))
    if parts.username or parts.password:
        raise ValueError(_("Do not put a login in the address; use the login fields."))
    return text.rstrip("/")
