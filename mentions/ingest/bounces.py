"""Why a mail of ours came back, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from mentions.texts import clean


def words(facts: dict[str, Any]) -> str:
    """`facts`: recipient, status and diagnostic of a delivery report, None where it does not say."""
    why = clean(str(facts.get("diagnostic") or facts.get("status") or ""), 500)
    if recipient := clean(str(facts.get("recipient") or ""), 254):
        told = _("The mail to %(recipient)s came back undelivered.") % {"recipient": recipient}
    else:
        told = _("The mail came back undelivered.")
    return f"{told} {why}".strip()
