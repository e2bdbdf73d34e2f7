"""Asks: posts the request in Slack and parks the ticket."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.links.web_addresses import is_web_address, web_address
from channels.models import OutboundItem
from channels.outbox import slack_posts
from experts import wording
from experts.models import Expert, Outreach, OutreachText, Topic
from experts.outreach import reminders
from experts.outreach.ending import REACHED_OUT_TAG
from experts.slack_text import blocks, pinging
from mentions.db import locks
from mentions.models import EventKind, Message, Ticket
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, lock_open
from mentions.triage import tagging

_SALT = "experts.respond"
RESPOND_DAYS = 60


def respond_url(key: UUID | str) -> str:
    """URL of the response page for the expert; the signed link needs no login."""
    return settings.BASE_URL + reverse("experts:respond", args=[signing.dumps(str(key), salt=_SALT)])


def key_in(signed: str) -> UUID:
    """The key in a signed link. Raises `signing.BadSignature` if it's forged or expired."""
    return UUID(signing.loads(signed, salt=_SALT, max_age=RESPOND_DAYS * 86_400))


def proposal(
    ticket: Ticket, asked: Expert | Topic, key: UUID | str, actor: Any, platform: str, topic: Topic | None = None
) -> str:
    """The proposed message; the advocate may edit it before sending. `topic`: what it is about, if `asked` is a
    person."""
    about = asked if isinstance(asked, Topic) else topic
    facts = wording.PlaceholderFacts(
        who=pinging.address(asked),
        link=link_of(ticket),
        platform=platform,
        respond=respond_url(key),
        advocate=actor.get_full_name() or actor.get_username(),
        channel=ticket.channel.name,
        topic=str(about or ""),
    )
    return wording.filled(text_for(ticket, about), facts)


def text_for(ticket: Ticket, topic: Topic | None) -> str:
    """The wording for this channel and topic, else for the topic, else for the channel, else the general one."""
    of_channel = Q(channel=None) | Q(channel=ticket.channel_id)
    of_topic = Q(topic=None) | Q(topic=topic) if topic is not None else Q(topic=None)
    fitting = OutreachText.objects.filter(of_channel, of_topic).order_by(
        F("topic").desc(nulls_last=True), F("channel").desc(nulls_last=True), "-is_default", "name"
    )
    found = fitting.first()
    return found.text if found else wording.DEFAULT_TEXT


def link_of(ticket: Ticket) -> str:
    """URL of the question on the platform; for mail, which has none, the ticket's."""
    asked = (
        ticket.messages.filter(direction=Message.Direction.INBOUND).exclude(url="").order_by("posted_at", "pk").last()
    )
    return (
        asked.url
        if asked and web_address(asked.url)
        else settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    )


@transaction.atomic
def ask(
    ticket_id: int,
    actor: Any,
    token: UUID | str | None,
    *,
    key: UUID,
    asked: Expert | Topic,
    slack_channel: str,
    text: str,
    until: datetime | None,
    now: datetime,
    slack_link: str = "",
    after: Outreach | None = None,
    again: bool = False,
) -> Outreach:
    """Post the request (through the outbox), record it, and park the ticket until the answer or `until`. `slack_link`:
    it was already posted by hand, there. `after`: the request that named this expert. `again`: even if they are being
    asked about another ticket of the same conversation.

    Idempotent per `key`. Raises OutcomeRefused, ClaimLost, AlreadyClaimed.
    """
    Ticket.objects.select_for_update().get(pk=ticket_id)
    if before := Outreach.objects.filter(key=key).first():
        return before
    ticket = lock_open(ticket_id, actor, token, now)
    _ask_nobody_twice(ticket, asked, again)
    channel = _checked(slack_channel, text, ticket, slack_link)
    outreach = Outreach(
        key=key,
        ticket=ticket,
        expert=asked if isinstance(asked, Expert) else None,
        topic=asked if isinstance(asked, Topic) else None,
        asked_by=actor,
        text=text,
        slack_channel=channel,
        asked_at=now,
        redirected_from=after if after is not None and after.ticket_id == ticket.pk else None,
        **_by_hand(slack_link, now),
    )
    if not slack_link:
        outreach.outbound = _post(outreach, pinging.for_slack(text, asked), now)
    tagging.change(ticket, [REACHED_OUT_TAG], [])
    outreach.save()
    _wait_for_the_answer(outreach, asked, until, now)
    return outreach


def _wait_for_the_answer(outreach: Outreach, asked: Expert | Topic, until: datetime | None, now: datetime) -> None:
    """Parks the ticket and schedules the first reminder."""
    note = _("Asked %(who)s in %(channel)s.") % {"who": asked, "channel": outreach.slack_channel}
    data = {"outreach": outreach.pk, "who": str(asked), "channel": outreach.slack_channel}
    ticket, actor, expert = outreach.ticket, outreach.asked_by, Ticket.WaitingOn.EXPERT
    parking.set_aside(ticket, actor, now, EventKind.OUTREACH, waiting_on=expert, until=until, note=note, data=data)
    outreach.ends_at = ticket.wake_at
    reminders.schedule(outreach, now, reminders.FIRST)
    outreach.save(update_fields=["ends_at", "remind_at"])


def _post(outreach: Outreach, text: str, now: datetime) -> OutboundItem:
    return slack_posts.post_message(
        key=outreach.key,
        conversation=f"outreach:{outreach.ticket_id}",
        channel=outreach.slack_channel,
        text=text,
        blocks=blocks.request(text, outreach.key, respond_url(outreach.key)),
        not_before=now,
    )


_PERMALINK = re.compile(r"/archives/([A-Z0-9]+)/p(\d{10})(\d{6})")


def _by_hand(slack_link: str, now: datetime) -> dict[str, Any]:
    """The fields of a request that an advocate posted themselves. Its thread is followed if the link is a permalink:
    https://docs.slack.dev/reference/methods/chat.getPermalink"""
    if not slack_link:
        return {}
    found = _PERMALINK.search(slack_link)
    if found is None:
        return {"slack_url": slack_link, "slack_ts": "?"}
    ts = f"{found[2]}.{found[3]}"
    return {"slack_url": slack_link, "slack_room": found[1], "slack_ts": ts, "thread_due_at": now}


def _ask_nobody_twice(ticket: Ticket, asked: Expert | Topic, again: bool) -> None:
    whom = {"expert": asked} if isinstance(asked, Expert) else {"topic": asked}
    running = Outreach.objects.filter(state__in=Outreach.RUNNING, **whom).select_related("asked_by")
    if before := running.filter(ticket=ticket).first():
        by = before.asked_by.get_full_name() or before.asked_by.get_username() if before.asked_by else _("somebody")
        raise OutcomeRefused(
            _("%(by)s has already asked %(who)s about this. Wait for the answer, or ask somebody else.")
            % {"by": by, "who": asked}
        )
    threads = Message.objects.filter(ticket=ticket).values("namespace", "thread_id")[:1]
    for thread in [] if again else threads:
        siblings = Message.objects.filter(ticket__isnull=False, **thread).values("ticket")
        if near := running.filter(ticket__in=siblings).first():
            raise OutcomeRefused(
                _("%(who)s is being asked about #%(id)s in this conversation. A different question? Ask anyway.")
                % {"who": asked, "id": near.ticket_id}
            )


def _checked(slack_channel: str, text: str, ticket: Ticket, slack_link: str) -> str:
    channel = slack_channel.strip()
    if slack_link and not is_web_address(slack_link):
        raise OutcomeRefused(_("The link to the Slack message must start with https://."))
    if len(channel.removeprefix("#")) == 0:
        raise OutcomeRefused(_("Enter the Slack channel to ask in."))
    if slack_link:
        return channel
    if wording.SEARCH_PHRASE not in text:
        raise OutcomeRefused(
            _("Keep the phrase “%(phrase)s” in the text: requests are counted by searching for it.")
            % {"phrase": wording.SEARCH_PHRASE}
        )
    if link_of(ticket) not in text:
        raise OutcomeRefused(_("Keep the link to the mention in the text."))
    return channel if channel.startswith(("#", "C", "D", "G")) else f"#{channel}"


@transaction.atomic
def apply_delivery(outbound_id: int, now: datetime) -> None:
    """Record the outcome of the Slack post. Called by the signal's task and the sweep; idempotent."""
    outreach_id = Outreach.objects.filter(outbound=outbound_id).values_list("pk", flat=True).first()
    if outreach_id is None:
        return
    # Lock the ticket first, as everywhere: it returns to the queue if the post failed.
    outreach = locks.with_ticket(Outreach.objects.select_related("outbound", "expert", "topic"), outreach_id)
    if outreach.outbound is None:
        return
    posted = outreach.outbound
    if posted.state == OutboundItem.State.SENT and not outreach.slack_ts:
        receipt = posted.receipt or {}
        outreach.slack_ts = receipt.get("ts") or posted.external_id or "?"
        outreach.slack_url = receipt.get("permalink") or posted.url
        outreach.slack_room = str(receipt.get("channel") or "")[:40]
        outreach.error, outreach.thread_due_at = "", now
        outreach.save(update_fields=["slack_ts", "slack_url", "slack_room", "error", "thread_due_at"])
    elif posted.state in (OutboundItem.State.FAILED, OutboundItem.State.CANCELLED) and not outreach.error:
        why = posted.error or _("It was cancelled in the outbox.")
        if outreach.is_running:
            _not_posted(outreach, why, now)
        else:  # it ended before anybody was asked
            outreach.error = why
            outreach.save(update_fields=["error"])
    elif posted.state == OutboundItem.State.UNCERTAIN and not outreach.error:
        outreach.error = _("Slack did not confirm the message. Check the channel.")
        outreach.save(update_fields=["error"])


def _not_posted(outreach: Outreach, error: str, now: datetime) -> None:
    """Handle a request that could not be posted: nobody was asked, so the ticket returns to the queue at once."""
    outreach.error, outreach.state = error, Outreach.State.NO_ANSWER
    outreach.save(update_fields=["error", "state"])
    why = _("The request to %(who)s could not be posted in Slack: %(error)s") % {
        "who": outreach.expert or outreach.topic,
        "error": error,
    }
    parking.wake(outreach.ticket_id, None, now=now, why=why)


def unsettled() -> list[int]:
    """Ids of settled outbox items whose outcome isn't recorded on their outreach (a lost signal)."""
    settled = [OutboundItem.State.SENT, OutboundItem.State.FAILED, OutboundItem.State.UNCERTAIN]
    waiting = Outreach.objects.filter(
        slack_ts="", error="", outbound__state__in=[*settled, OutboundItem.State.CANCELLED]
    )
    return list(waiting.values_list("outbound_id", flat=True)[:500])


def running_on(ticket: Ticket) -> list[Outreach]:
    return list(
        ticket.outreaches.filter(state__in=Outreach.RUNNING).select_related("expert__person", "topic", "outbound")
    )
