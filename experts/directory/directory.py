"""Looks people up in the expert directory: by login, by Slack member."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from experts.models import Expert
from mentions.models import Person


def slack_id_of(user: Any) -> str:
    """The user's Slack member id; "" if they aren't an expert or it isn't set."""
    return Expert.objects.filter(person__user=user).values_list("slack_id", flat=True).first() or ""


def expert_of(slack_id: str) -> Expert | None:
    """The expert with this Slack member id."""
    found = Expert.objects.filter(slack_id=slack_id).exclude(slack_id="").select_related("person")
    return found.order_by("-is_active", "pk").first()


def person_of(slack_id: str) -> Person | None:
    expert = expert_of(slack_id)
    return expert.person if expert else None


def name_of(slack_id: str) -> str:
    """The expert's name; "" for everybody else."""
    expert = expert_of(slack_id)
    return str(expert) if expert else ""


_SLACK_ID = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def named_in(text: str, *, exclude: int | None) -> Expert | None:
    """The one expert whom the text names, by Slack mention, @handle or full name; None for nobody and for several."""
    experts = Expert.objects.filter(is_active=True).exclude(pk=exclude or 0).select_related("person")
    found = [expert for expert in experts if is_named(text, expert.slack_id, expert.slack_handle, expert.person.name)]
    return found[0] if len(found) == 1 else None


def is_named(text: str, slack_id: str, handle: str, name: str) -> bool:
    """Whether the text names this person. Pure."""
    if slack_id and slack_id in _SLACK_ID.findall(text):
        return True
    words = (f"@{handle.removeprefix('@')}" if handle.strip("@") else "", name if " " in name.strip() else "")
    return any(_occurs(word, text) for word in words if word)


def mentioned(text: str, *, besides: Iterable[str]) -> list[str]:
    """Ids of the Slack members that the text mentions. Pure."""
    return [found for found in _SLACK_ID.findall(text) if found not in set(besides)]


def _occurs(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w@]){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
