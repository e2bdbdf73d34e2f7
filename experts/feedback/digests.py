"""Each topic's weekly digest: new feedback and outcomes, posted once in the topic's Slack channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import sweeps
from channels.contract import Json
from channels.outbox import slack_posts
from channels.registry.icons import with_platform
from experts.directory import tree
from experts.feedback import fates
from experts.feedback.fates import ACTIONS
from experts.models import Feedback, FeedbackDigest, FeedbackRule, Topic
from mentions.models import Ticket
from mentions.people.audience import for_everybody

STILL_NEWS = timedelta(days=3)
"""A digest delayed by more than this is skipped: next week's includes the same items."""
MAX_ITEMS = 20
"""Slack allows 50 blocks; the page has the rest."""
WEEK = timedelta(days=7)


def due(rule: FeedbackRule, now: datetime) -> tuple[date, datetime]:
    """(local day, moment) of the last time the rule was due, up to `now`."""
    today = now.astimezone(rule.zone).date()
    day = today - timedelta(days=(today.weekday() - rule.weekday) % 7)
    if _moment(rule, day) > now:
        day -= WEEK
    return day, _moment(rule, day)


def _moment(rule: FeedbackRule, day: date) -> datetime:
    return datetime.combine(day, rule.at, rule.zone).astimezone(UTC)


def run(now: datetime) -> int:
    """Apply outcomes that follow from merges and linked issues, then post due digests; return how many changed."""
    return fates.follow_merges() + fates.follow_issues(now) + post_due(now)


def post_due(now: datetime) -> int:
    """Post one digest per week for each topic with updates; after an outage, only the latest. Returns how many."""
    made = 0
    for rule in FeedbackRule.objects.filter(is_active=True).order_by("pk"):
        day, moment = due(rule, now)
        if now - moment < STILL_NEWS:
            topics = _with_news(moment).exclude(topic__digests__due_on=day).values_list("topic", flat=True).distinct()
            made += sweeps.each("feedback digests", list(topics), partial(_digest, day, moment, now))
    return made


def _with_news(before: datetime) -> Any:
    """Feedback not yet in a digest, or with a new state since. Anything later than `before` waits for the next."""
    new = Q(digest=None, routed_at__lt=before)
    return Feedback.objects.filter(new | (Q(digest__isnull=False) & ~Q(state=F("told_state"))))


@transaction.atomic
def _digest(day: date, moment: datetime, now: datetime, topic_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('experts.feedback'), %s)", [topic_id])
    topic = Topic.objects.get(pk=topic_id)
    items = list(
        _with_news(moment).filter(topic=topic).select_for_update(of=("self",)).select_related(
            "ticket__channel__connection"
        ).order_by("routed_at", "pk")
    )  # fmt: skip
    if not items or FeedbackDigest.objects.filter(topic=topic, due_on=day).exists():
        return False
    digest = FeedbackDigest.objects.create(
        topic=topic, due_on=day, made_at=now, slack_channel=tree.channel_of(topic.pk, tree.load())
    )
    new = [item for item in items if item.digest_id is None]
    changed = [item for item in items if item.digest_id is not None]
    _post(digest, new, changed, now)
    for item in items:
        item.digest, item.told_state = item.digest or digest, item.state
        item.save(update_fields=["digest", "told_state"])
    return True


def _post(digest: FeedbackDigest, new: Sequence[Feedback], changed: Sequence[Feedback], now: datetime) -> None:
    if not digest.slack_channel or not settings.SLACK_TOKEN:
        return
    known = set(
        for_everybody(Ticket.objects.filter(pk__in=[item.ticket_id for item in [*new, *changed]]))
        .values_list("pk", flat=True)
    )  # fmt: skip
    head, foot = _head(digest.topic, len(new), len(changed)), _foot(digest.topic)
    shown = [(item, _line(item, is_known=item.ticket_id in known)) for item in [*changed, *new][-MAX_ITEMS:]]
    digest.outbound = slack_posts.post_message(
        key=digest.key,
        conversation=f"feedback:{digest.pk}",
        channel=digest.slack_channel,
        text="\n".join([head, *(line for _item, line in shown), foot]),
        blocks=_blocks(head, shown, foot),
        not_before=now,
    )
    digest.save(update_fields=["outbound"])


def _head(topic: Topic, new: int, changed: int) -> str:
    words = [ngettext("%(count)d new", "%(count)d new", new) % {"count": new}] if new else []
    words += [ngettext("%(count)d updated", "%(count)d updated", changed) % {"count": changed}] if changed else []
    name = slack_posts.escaped(topic.name)
    return _("*Feedback this week: %(topic)s* (%(words)s)") % {"topic": name, "words": ", ".join(words)}


def _foot(topic: Topic) -> str:
    left = Feedback.objects.filter(topic=topic, state=Feedback.State.OPEN).count()
    address = f"{settings.BASE_URL}{reverse('experts:feedback')}?topic={topic.slug}"
    words = ngettext("%(count)d is open", "%(count)d are open", left) % {"count": left}
    return f"{words}: {address}"


def _line(item: Feedback, *, is_known: bool) -> str:
    """`is_known`: the conversation is unrestricted; otherwise the line is only a link, and its page checks access."""
    address = settings.BASE_URL + reverse("mentions:ticket", args=[item.ticket_id])
    channel = item.ticket.channel
    where = with_platform(channel.name, channel.connection.platform)
    said = slack_posts.escaped(f"{where}: {item.summary}" if item.summary else where) if is_known else _("restricted")
    state = f" — *{item.get_state_display()}*" if item.state != Feedback.State.OPEN else ""
    return f"• <{address}|#{item.ticket_id}> {said}{state}"


def _blocks(head: str, shown: Iterable[tuple[Feedback, str]], foot: str) -> list[Json]:
    """Open items get a button per outcome; without Slack interactivity, the buttons are on the page."""
    blocks: list[Json] = [_section(head)]
    for item, line in shown:
        blocks.append(_section(line))
        if settings.SLACK_SIGNING_SECRET and item.state == Feedback.State.OPEN:
            elements = [_button(str(state.label), action, str(item.key)) for action, state in ACTIONS.items()]
            blocks.append({"type": "actions", "elements": elements})
    return [*blocks, _section(foot)]


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:2900]}}


def _button(words: str, action: str, key: str) -> Json:
    text: Json = {"type": "plain_text", "text": words}
    return {"type": "button", "action_id": action, "value": key, "text": text}
