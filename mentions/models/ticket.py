"""Tickets: one conversation with one requester, its state, its place in the queue, its claim; and the hours by which
its clocks run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from channels.models.connection import Priority
from mentions.models.parking_reasons import WaitingOn


class TicketQuerySet(models.QuerySet[Any]):
    """States as chainable methods, for verbs. The queue's own queries are SQL (`mentions/queue/`)."""

    def claimed_by(self, user: Any, now: datetime) -> TicketQuerySet:
        """Under this person's live claim."""
        return self.filter(claimed_by=user, claim_expires_at__gt=now)

    def due_to_wake(self, now: datetime) -> TicketQuerySet:
        """Parked until a time that has passed."""
        return self.filter(~Q(waiting_on=""), wake_at__lte=now)

    def waiting_for_a_reply(self) -> TicketQuerySet:
        """The requester is still waiting for a first reply, and nobody has said that none is needed."""
        return self.filter(due_at__isnull=False)


class Ticket(models.Model):
    class Status(models.TextChoices):
        NEW = "new", _("new")
        OPEN = "open", _("open")
        PENDING = "pending", _("pending")  # waiting for the requester
        SOLVED = "solved", _("solved")
        CLOSED = "closed", _("closed")  # final; later messages open a follow-up ticket

    WaitingOn = WaitingOn

    class NoReply(models.TextChoices):
        NONE = "", "—"
        PRAISE = "praise", _("praise")
        COMPETITOR = "competitor", _("praises or attacks a competitor")
        NOT_US = "not_us", _("not about us")
        SPAM = "spam", _("this mention is spam")
        OWN = "own", _("written by a team member")
        ANSWERED_BY_OTHERS = "answered_by_others", _("the community answered")
        DUPLICATE = "duplicate", _("duplicate from the same person")
        AUTOMATIC = "automatic", _("automatic message")
        EXPERT_RESPONSE = "expert_response", _("an expert is answering")
        COMMUNITY = "community", _("left to the community")
        SPAM_REPORTED = "spam_reported", _("abuse report, passed on")
        OTHER = "other", _("other")

    HANDED_OVER = (NoReply.EXPERT_RESPONSE, NoReply.COMMUNITY, NoReply.SPAM_REPORTED)
    """Somebody else answers; if an answer of ours arrives after all, the ticket counts as answered by it."""

    channel = models.ForeignKey("channels.Channel", on_delete=models.PROTECT, related_name="+")
    requester = models.ForeignKey("mentions.Author", on_delete=models.PROTECT, related_name="tickets")
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=7, choices=Status.choices, default=Status.NEW)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="assigned_tickets"
    )
    tags = models.ManyToManyField("mentions.Tag", blank=True, related_name="tickets")
    language = models.CharField(max_length=12, blank=True)

    # Parked: an open ticket outside the queue until an event or a time returns it.
    waiting_on = models.CharField(_("waiting on"), max_length=12, choices=WaitingOn.choices, blank=True, default="")
    wait_note = models.CharField(max_length=300, blank=True)
    wake_at = models.DateTimeField(_("returns at"), null=True, blank=True)
    is_queued = models.GeneratedField(
        expression=Q(status__in=["new", "open"]) & Q(waiting_on=""),  # type: ignore[arg-type]  # a Q will do
        output_field=models.BooleanField(),
        db_persist=True,
    )

    # Clocks. All are recomputed from the messages by `mentions.clocks.clocks`, never incremented.
    posted_at = models.DateTimeField()
    """When the first inbound message was posted on the platform."""
    created_at = models.DateTimeField()
    """When it entered the desk."""
    queued_at = models.DateTimeField()
    """Its place in the queue: when the oldest unanswered inbound message was posted."""
    last_message_at = models.DateTimeField()
    first_reply_at = models.DateTimeField(null=True, blank=True)
    first_reply_message = models.ForeignKey(
        "mentions.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    due_at = models.DateTimeField(null=True, blank=True)
    """When the first reply is due; null once answered or if no reply is needed."""
    no_reply_reason = models.CharField(max_length=20, choices=NoReply.choices, blank=True, default="")
    solved_at = models.DateTimeField(null=True, blank=True)

    # Claim: a lease with a fencing token; all three fields are set or none.
    claimed_by = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="claimed_ticket"
    )
    claim_token = models.UUIDField(null=True, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)

    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged", db_index=False
    )
    follow_up_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="follow_ups", db_index=False
    )

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        permissions = [
            ("play_ticket", "Can play the queue: claim, answer, solve"),
            ("merge_ticket", "Can merge and split tickets"),
            ("bulk_ticket", "Can change many tickets at once"),
            ("delete_reply", "Can delete a reply on the platform"),
            ("view_reports", "Can read the reports"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, claim_token__isnull=True, claim_expires_at__isnull=True)
                | Q(claim_token__isnull=False, claim_expires_at__isnull=False),
                name="ticket_claim_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(first_reply_at__isnull=True) | Q(first_reply_at__gte=F("posted_at")),
                name="ticket_first_reply_after_mention",
            ),
            models.CheckConstraint(
                condition=Q(waiting_on="") | Q(status__in=["new", "open"]), name="ticket_parked_only_while_open"
            ),
        ]
        indexes = [
            # These indexes match the queue's ORDER BY; a mismatch costs a factor of 100.
            models.Index(fields=["queued_at", "id"], name="ticket_queue", condition=Q(is_queued=True)),
            models.Index(
                fields=["channel", "queued_at", "id"], name="ticket_channel_queue", condition=Q(is_queued=True)
            ),
            models.Index(
                fields=["assignee", "queued_at", "id"], name="ticket_assignee_queue", condition=Q(is_queued=True)
            ),
            # Few tickets are urgent: a view of them must not scan the whole queue to find none.
            models.Index(
                fields=["queued_at", "id"], name="ticket_high_queue", condition=Q(is_queued=True, priority__gte=30)
            ),
            models.Index(fields=["wake_at"], name="ticket_wake", condition=~Q(waiting_on="")),
            models.Index(fields=["status", "-last_message_at", "-id"], name="ticket_status_recent"),
            models.Index(fields=["posted_at", "channel"], name="ticket_posted", include=["first_reply_at", "priority"]),
            models.Index(fields=["first_reply_at"], name="ticket_replied", condition=Q(first_reply_at__isnull=False)),
            models.Index(fields=["solved_at"], name="ticket_solved", condition=Q(solved_at__isnull=False)),
            models.Index(fields=["due_at"], name="ticket_due", condition=Q(due_at__isnull=False)),
            # Every claim and every outcome writes an entry into each index that has the ticket: these have few.
            models.Index(
                fields=["first_reply_message"], name="ticket_replied_by", condition=Q(first_reply_message__isnull=False)
            ),
            models.Index(fields=["merged_into"], name="ticket_merged", condition=Q(merged_into__isnull=False)),
            models.Index(fields=["follow_up_of"], name="ticket_followed_up", condition=Q(follow_up_of__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"


class ThreadAlias(models.Model):
    """Maps a conversation key to its ticket. Merges, splits and follow-ups repoint rows."""

    namespace = models.CharField(max_length=200)
    key = models.CharField(max_length=1000)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["namespace", "key"], name="thread_key_leads_to_one_ticket")]

    def __str__(self) -> str:
        return f"{self.namespace} {self.key}"


class HandBack(models.Model):
    """An advocate handed the ticket back: not offered to them again until something new arrives."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="hand_backs")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="hand_back_once_per_ticket_and_user")]

    def __str__(self) -> str:
        return f"{self.ticket_id} by {self.user_id}"


class Tag(models.Model):
    """A tag on tickets; reports count by it."""

    name = models.SlugField(_("name"), max_length=60)
    description = models.CharField(_("description"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="tag_name_once")]

    def __str__(self) -> str:
        return self.name


class CoveredSpan(models.Model):
    """One span of a team's coverage hours. `mentions.clocks.covered` writes and reads the rows; the calendar above
    decides them.

    `before_s` and `through_s` are the covered seconds that have passed when the span begins and when it ends, counted
    from 1970; before the first span every second counts. So two look-ups give the covered time between two instants.
    """

    pk = models.CompositePrimaryKey("team", "starts_at")
    team = models.IntegerField(default=0, db_default=0)
    """`channels.Team`; 0: the desk's own hours. Not a foreign key, as 0 is none."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    before_s = models.BigIntegerField()
    through_s = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="covered_span_has_length"),
            models.UniqueConstraint(fields=["team", "through_s"], name="covered_span_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}–{self.ends_at:%H:%M}"
