"""Bounced mail: finds the reply that bounced, and puts the reason into words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from mentions.ingest.reading.loading import load_tickets_of_replies
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch
from mentions.models import Reply
from mentions.text.storable_text import storable

_KEY = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")


def match(batch: IngestBatch, parsed: Sequence[Parsed]) -> None:
    """Find the bounced reply's ticket by the key in its Message-ID: the report may arrive before the receipt."""
    keys: dict[str, list[tuple[str, str]]] = {}
    for each in parsed:
        about = (each.feed.namespace, each.mention.bounced_id or "")
        if (key := _KEY.match(about[1])) and about not in batch.messages:
            keys.setdefault(key[1], []).append(about)
    if not keys:
        return
    replies = Reply.objects.filter(key__in=keys)
    tickets = load_tickets_of_replies(batch, replies)
    for pk, reply_key in replies.filter(pk__in=tickets).values_list("pk", "key"):
        batch.bounced |= dict.fromkeys(keys[str(reply_key)], tickets[pk])


def bounce_text(facts: dict[str, Any]) -> str:
    """A delivery report in one sentence. `facts`: its recipient, status and diagnostic; None where missing."""
    reason = storable(str(facts.get("diagnostic") or facts.get("status") or ""), 500)
    if recipient := storable(str(facts.get("recipient") or ""), 254):
        text = _("The email to %(recipient)s bounced.") % {"recipient": recipient}
    else:
        text = _("The email bounced.")
    return f"{text} {reason}".strip()
