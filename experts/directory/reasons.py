"""Words the reasons why somebody is suggested. Pure but for the language."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import get_language_info, gettext, ngettext
from django.utils.translation import gettext as _

from experts.directory.ranking import HOUR, ExpertFacts
from experts.directory.workload import Load
from experts.models import Expert

_ENOUGH = 3
"""With fewer requests, a rate means nothing."""


def of(facts: ExpertFacts, topic: str, language: str) -> list[str]:
    """The reasons, strongest first. `topic`: its name, `language`: the conversation's code; "" if unknown."""
    return [*_knows(facts, topic), *_can(facts, language), *of_load(facts.load)]


def _knows(facts: ExpertFacts, topic: str) -> list[str]:
    reasons = [_("wrote this post")] if facts.is_author else []
    if facts.is_default and topic:
        reasons.append(_("asked first about %(topic)s") % {"topic": topic})
    if facts.answered_like:
        words = ngettext("answered %(count)d like this", "answered %(count)d like this", facts.answered_like)
        reasons.append(words % {"count": facts.answered_like})
    if facts.words and topic:
        reasons.append(_("%(topic)s: %(words)s") % {"topic": topic, "words": ", ".join(facts.words[:3])})
    if facts.role == Expert.Role.SUPPORT_COUNTERPART:
        reasons.append(_("support counterpart"))
    if facts.role == Expert.Role.PRODUCT_MANAGER:
        reasons.append(_("product manager: others come first"))
    return reasons


def _can(facts: ExpertFacts, language: str) -> list[str]:
    reasons = [_("working hours") if not facts.works_in else _works_in(facts.works_in)]
    if facts.speaks is not None and language != "en":
        words = _("speaks %(language)s") if facts.speaks else _("does not speak %(language)s")
        reasons.append(words % {"language": language_name(language)})
    return reasons


def of_load(load: Load) -> list[str]:
    """Their statistics in words; nothing for somebody who was never asked."""
    reasons = []
    if load.open:
        reasons.append(ngettext("%(count)d open request", "%(count)d open requests", load.open) % {"count": load.open})
    if load.this_week > 1:
        words = ngettext("asked %(count)d time this week", "asked %(count)d times this week", load.this_week)
        reasons.append(words % {"count": load.this_week})
    if load.ended >= _ENOUGH:
        reasons.append(_("answers %(rate)d%%") % {"rate": load.rate})
    if load.latency is not None:
        reasons.append(_("usually within %(time)s") % {"time": span(load.latency)})
    return reasons


def _works_in(wait: timedelta) -> str:
    return _("back at work in %(time)s") % {"time": span(wait)}


def span(time: timedelta) -> str:
    """Rounded up to hours, or days from two days on: at least an hour."""
    hours = max(-(-time // HOUR), 1)
    if hours < 48:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    days = -(-hours // 24)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def language_name(code: str) -> str:
    try:
        return gettext(get_language_info(code)["name"])
    except KeyError:
        return code
