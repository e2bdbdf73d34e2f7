"""Slack notices: each mention is posted once in each Slack channel of the channels that saw it, and edited as its
ticket progresses. In a rush several share one message; a channel may get a digest instead.

    mention stored → Notice (due at once, or with the next digest) → NoticePost → outbox → Slack;  later: edits of it

Every step is idempotent by a unique key, and a sweep catches whatever a lost nudge missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Prefetch, Q
from django.urls import reverse

from channels import sweeps
from channels.links.web_addresses import web_address
from channels.models import OutboundItem
from channels.models.connection import SlackMode
from channels.outbox import hold_sending, outbox, slack_posts, states
from channels.registry.icons import with_platform
from mentions.models import Event, EventKind, Message, Notice, NoticePost, Ticket
from mentions.notifications import slack_messages
from mentions.people import own_side

FRESH = timedelta(hours=24)
"""Anything posted or ingested longer ago (a first import, history) is not announced."""
RUSH = 4
"""This many at once, or within `RUSH_WITHIN`, share one message."""
RUSH_WITHIN = timedelta(minutes=1)
DAILY_AT_HOUR = 8
EDITED_FOR = timedelta(days=7)
MAX_A_RUN = 500
_KEYS = UUID("b3f6f7c2-3d4c-4a52-8f0f-5d3c1f7a90aa")

_NOTE = """
INSERT INTO mentions_notice (message_id, channel_id, slack_channel, due_at)
SELECT DISTINCT ON (m.id, room.name) m.id, c.id, room.name,
       CASE c.slack_mode WHEN 'at_once' THEN %(now)s WHEN 'hourly' THEN %(hourly)s ELSE %(daily)s END
  FROM mentions_message m
  JOIN mentions_sighting s ON s.message_id = m.id
  JOIN channels_channel c ON c.id = s.channel_id AND c.is_active AND jsonb_array_length(c.slack_channels) > 0
 CROSS JOIN LATERAL jsonb_array_elements_text(c.slack_channels) AS room (name)
 WHERE (%(ids)s::bigint[] IS NULL OR m.id = ANY(%(ids)s::bigint[]))
   AND m.direction = 'in' AND NOT m.is_auto AND NOT m.is_deleted
   AND NOT m.is_unreadable AND room.name <> ''
   AND m.posted_at > %(fresh)s AND m.ingested_at > %(fresh)s
   AND NOT EXISTS (SELECT FROM mentions_notice n WHERE n.message_id = m.id AND n.slack_channel = room.name)
 ORDER BY m.id, room.name, c.rank, c.id
ON CONFLICT (message_id, slack_channel) DO NOTHING
"""


def note(message_ids: Sequence[int] | None, now: datetime) -> int:
    """Create notices for these messages (None: for everything fresh); return how many are new."""
    if not settings.SLACK_TOKEN:
        return 0
    params = {
        "ids": None if message_ids is None else list(message_ids),
        "now": now,
        "hourly": next_hour(now),
        "daily": next_morning(now),
        "fresh": max(now - FRESH, hold_sending.restored_at() or now - FRESH),
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, params)
        return int(cursor.rowcount)


def next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def next_morning(now: datetime) -> datetime:
    """The next 08:00 UTC."""
    morning = now.astimezone(UTC).replace(hour=DAILY_AT_HOUR, minute=0, second=0, microsecond=0)
    return morning if morning > now else morning + timedelta(days=1)


@transaction.atomic
def post_due(now: datetime) -> int:
    """Queue a message for every due notice; return how many messages. Safe in any number of workers."""
    due = list(
        Notice.objects.filter(post=None, due_at__lte=now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("channel")
        .order_by("slack_channel", "message__posted_at", "id")[:MAX_A_RUN]
    )
    rooms: dict[tuple[str, bool], list[Notice]] = {}
    for notice in due:
        rooms.setdefault((notice.slack_channel, notice.channel.slack_mode != SlackMode.AT_ONCE), []).append(notice)
    return sum(_post(room, notices, is_digest, now) for (room, is_digest), notices in rooms.items())


def _post(room: str, notices: list[Notice], is_digest: bool, now: datetime) -> int:
    if is_digest:
        _send(room, NoticePost.Kind.DIGEST, notices, now)
        return 1
    lately = NoticePost.objects.filter(slack_channel=room, created_at__gt=now - RUSH_WITHIN).count()
    if len(notices) > 1 and len(notices) + lately >= RUSH:
        _send(room, NoticePost.Kind.RUSH, notices, now)
        return 1
    for each in notices:
        _send(room, NoticePost.Kind.SINGLE, [each], now)
    return len(notices)


def _send(room: str, kind: str, notices: list[Notice], now: datetime) -> None:
    post = NoticePost.objects.create(slack_channel=room, kind=kind, created_at=now)
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(post=post)
    words = words_of(_loaded([post.pk])[0])
    post.outbound = slack_posts.post_message(
        key=uuid5(_KEYS, str(post.pk)),
        conversation=f"notice:{post.pk}",
        channel=room,
        text=words.text,
        blocks=words.blocks,
        not_before=now,
    )
    post.shown = words.digest
    post.save(update_fields=["outbound", "shown"])


# --- edits ----------------------------------------------------------------------------------------------------------

TELLING = (
    EventKind.CLAIMED,
    EventKind.RELEASED,
    EventKind.EXPIRED,
    EventKind.HANDED_BACK,
    EventKind.STATUS,
    EventKind.NO_REPLY,
    EventKind.PARKED,
    EventKind.WOKEN,
    EventKind.REPLIED,
    EventKind.UNDONE,
    EventKind.DELIVERED,
    EventKind.ANSWERED_OUTSIDE,
    EventKind.MACRO,
    EventKind.DELETED,
    EventKind.SPAM_REPORTED,
    EventKind.OUTREACH,
    EventKind.EXPERT_RESPONDED,
    EventKind.COMMUNITY,
    EventKind.DELIVERY_FAILED,
    EventKind.MERGED,
    EventKind.ERASED,
)
"""Event kinds that may change a notice."""


def refresh(now: datetime, since: timedelta) -> int:
    """Edit messages for mentions that changed within `since`; return how many edits were queued."""
    changed = Event.objects.filter(kind__in=TELLING, at__gt=now - since).values("ticket")
    about = Q(notices__message__ticket__in=changed) | Q(notices__message__deleted_at__gt=now - since)
    posts = NoticePost.objects.filter(about, created_at__gt=now - EDITED_FOR, outbound__state=OutboundItem.State.SENT)
    ids = posts.order_by("pk").values_list("pk", flat=True).distinct()[:MAX_A_RUN]
    return sweeps.each("notices", ids, _edit)


@transaction.atomic
def _edit(post_id: int) -> bool:
    """Edit one message if its content is out of date. If an edit is on its way, the next run checks whether it was
    enough."""
    locked = NoticePost.objects.select_for_update().filter(pk=post_id).first()
    if locked is None:
        return False
    post = _loaded([post_id])[0]
    words = words_of(post)
    receipt = (post.outbound.receipt if post.outbound else None) or {}
    if not receipt.get("ts") or (post.shown is not None and bytes(post.shown) == words.digest):
        return False
    if OutboundItem.objects.filter(conversation=f"notice:{post.pk}", state__in=states.UNSETTLED).exists():
        return False
    locked.edits += 1
    locked.shown = words.digest
    locked.save(update_fields=["edits", "shown"])
    outbox.enqueue(
        key=uuid5(_KEYS, f"{post.pk} edit {locked.edits}"),
        kind=OutboundItem.Kind.SLACK_EDIT,
        connection_id=None,
        conversation=f"notice:{post.pk}",
        payload={"channel": receipt["channel"], "ts": receipt["ts"], "text": words.text, "blocks": words.blocks},
        not_before=post.created_at,
    )
    return True


def _loaded(ids: Iterable[int]) -> list[NoticePost]:
    """Messages with everything needed for their text, in two queries."""
    notices = Notice.objects.select_related(
        "channel__connection",
        "message__author",
        "message__ticket__claimed_by",
        "message__ticket__first_reply_message__author",
        "message__ticket__first_reply_message__channel__connection",
    ).order_by("message__posted_at", "id")
    notices = notices.defer("message__search", "message__html")
    posts = NoticePost.objects.filter(pk__in=list(ids)).select_related("outbound")
    return list(posts.prefetch_related(Prefetch("notices", queryset=notices)))


def words_of(post: NoticePost) -> slack_messages.Post:
    """The current text of a Slack message."""
    all_said = [_said(notice) for notice in post.notices.all()]
    if post.kind == NoticePost.Kind.SINGLE and len(all_said) == 1:
        return slack_messages.single(all_said[0])
    return slack_messages.several(all_said, is_digest=post.kind == NoticePost.Kind.DIGEST)


def _said(notice: Notice) -> slack_messages.NoticedMention:
    message, ticket = notice.message, notice.message.ticket
    state, who = _state(message, ticket)
    answered = ticket.first_reply_at if ticket is not None else None
    return slack_messages.NoticedMention(
        author=own_side.of_message(message),
        author_url=message.author.url,
        channel=with_platform(notice.channel.name, notice.channel.connection.platform),
        title=message.subject or message.thread_title,
        text=message.text,
        url=message.url,
        ticket_url=settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk]) if ticket is not None else "",
        ticket=ticket.pk if ticket is not None else None,
        state=state,
        who=who,
        after=answered - ticket.posted_at if ticket is not None and answered is not None else None,
        add_url="" if ticket is not None else _address_to_add(message),
    )


def _address_to_add(message: Message) -> str:
    """URL of the page that makes a ticket of this mention; "" if the mention has no address to be found by."""
    query = urlencode({"url": message.url})
    return f"{settings.BASE_URL}{reverse('mentions:add')}?{query}" if web_address(message.url) else ""


def _state(message: Message, ticket: Ticket | None) -> tuple[str, str]:
    """(state, who)."""
    if message.is_deleted:
        return "deleted", ""
    if ticket is None:
        return "new", ""
    first = ticket.first_reply_message
    answerer = own_side.of_message(first) if first is not None else ""
    if ticket.no_reply_reason:
        return "no_reply", ""
    if ticket.status in (Ticket.Status.SOLVED, Ticket.Status.CLOSED):
        return "solved", answerer
    if ticket.claimed_by is not None:
        return "claimed", ticket.claimed_by.get_short_name() or ticket.claimed_by.get_username()
    if ticket.first_reply_at is not None:
        return "answered", answerer
    return ("waiting", "") if ticket.waiting_on else ("new", "")
