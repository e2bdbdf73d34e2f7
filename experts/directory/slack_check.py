"""Checks the directory against Slack: members, groups and channels that don't exist there notify nobody."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from channels.slack import api
from experts.models import Expert, Topic


def problems(experts: Iterable[Expert] = (), topics: Iterable[Topic] = ()) -> list[str]:
    """One sentence for each entry that notifies nobody, in the order given. Raises what `channels.slack.api.missing`
    raises."""
    experts, topics = list(experts), list(topics)
    missing = set(
        api.missing(
            [e.slack_id for e in experts if e.slack_id],
            [t.slack_group_id for t in topics if t.slack_group_id],
            [t.slack_channel for t in topics if t.slack_channel],
        )
    )
    sentences = [words for expert in experts if (words := _of_expert(expert, missing))]
    return sentences + [words for topic in topics for words in _of_topic(topic, missing)]


def _of_expert(expert: Expert, missing: set[tuple[str, str]]) -> str:
    if not expert.slack_id:
        return _("%(who)s has no Slack member ID: a request notifies nobody.") % {"who": expert}
    if ("user", expert.slack_id) in missing:
        return _("%(who)s: Slack has no active member %(id)s.") % {"who": expert, "id": expert.slack_id}
    return ""


def _of_topic(topic: Topic, missing: set[tuple[str, str]]) -> list[str]:
    sentences = []
    if topic.slack_mention and not topic.slack_group_id:
        words = _("%(topic)s: %(name)s is only text without a group ID: it notifies nobody.")
        sentences.append(words % {"topic": topic, "name": topic.slack_mention})
    if ("group", topic.slack_group_id) in missing:
        sentences.append(_("%(topic)s: Slack has no group %(id)s.") % {"topic": topic, "id": topic.slack_group_id})
    if ("channel", topic.slack_channel) in missing:
        sentences.append(_("%(topic)s: Slack has no channel %(name)s.") % {"topic": topic, "name": topic.slack_channel})
    return sentences
