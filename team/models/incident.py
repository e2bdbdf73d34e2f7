"""Incidents of our own service: their mentions, what people were told, and the final report."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from team.models.release import validate_words


class Incident(models.Model):
    """open → over (people who got an answer are told) → closed (with its report)."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        OVER = "over", _("over")
        CLOSED = "closed", _("closed")

    name = models.CharField(_("name"), max_length=200)
    source = models.CharField(max_length=500, blank=True, default="", editable=False)
    """Namespace and id on the status page; "" for one opened by hand."""
    url = models.CharField(
        _("link"), max_length=500, blank=True, default="", validators=[URLValidator(["http", "https"])],
        help_text=_("Its page on your status page. Mentions that link to it are proposed."),
    )  # fmt: skip
    words = models.JSONField(_("words"), default=list, blank=True, validators=[validate_words])
    channels = models.ManyToManyField("channels.Channel", verbose_name=_("channels"), blank=True, related_name="+")
    """Only mentions on these are proposed; empty: on all."""
    state = models.CharField(_("state"), max_length=6, choices=State.choices, default=State.OPEN)
    started_at = models.DateTimeField(_("began"))
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Null for the status page."""
    over_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    """By hand: only a later update of the status page ends it again."""
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Null for the desk itself."""
    report = models.JSONField(null=True, blank=True)
    """As `team.incidents.report.of` made it when it was closed."""
    told_open_at = models.DateTimeField(null=True, blank=True)
    told_over_at = models.DateTimeField(null=True, blank=True)
    told_report_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=~Q(source=""), name="incident_once_per_source"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(over_at__isnull=False), name="incident_is_over_before_it_is_closed"
            ),
        ]
        indexes = [models.Index(fields=["started_at"], name="incident_unclosed", condition=~Q(state="closed"))]

    def __str__(self) -> str:
        return self.name


class IncidentMention(models.Model):
    """Somebody's decision about a ticket: part of the incident, or unrelated and not proposed again."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="mentions")
    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="incident_mentions")
    is_part = models.BooleanField(default=True)
    why = models.CharField(max_length=300, blank=True, default="")
    """Why it was proposed."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("mention of an incident")
        verbose_name_plural = _("mentions of an incident")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "ticket"], name="incident_mention_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id}"


class IncidentKind(models.TextChoices):
    """What people are told."""

    ANSWER = "answer", _("the incident")
    OVER = "over", _("the all-clear")


class IncidentBatch(models.Model):
    """One text, sent to many. `key` is the form's: a double click is one batch."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="batches")
    key = models.UUIDField(unique=True)
    kind = models.CharField(max_length=6, choices=IncidentKind.choices)
    text = models.TextField()
    """Wordings with variables, separated by a line of dashes."""
    status_after = models.CharField(max_length=7, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("bulk reply")
        verbose_name_plural = _("bulk replies")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"


class IncidentReply(models.Model):
    """One ticket of a bulk reply. planned → submitted (the desk's reply has it from here) → undone; or left out."""

    class State(models.TextChoices):
        PLANNED = "planned", _("being prepared")
        SUBMITTED = "sent", _("sent")
        LEFT_OUT = "left", _("left out")
        UNDONE = "undone", _("taken back")

    LIVE = (State.PLANNED, State.SUBMITTED)

    batch = models.ForeignKey(IncidentBatch, on_delete=models.CASCADE, related_name="replies")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="replies")
    """As the batch's, for the constraints."""
    kind = models.CharField(max_length=6, choices=IncidentKind.choices)
    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="incident_replies")
    channel = models.ForeignKey("channels.Channel", null=True, on_delete=models.PROTECT, related_name="+")
    """The handle that answers; null if none can."""
    recipient = models.CharField(max_length=60)
    """`person:7`, or `author:12` for an account without a known person."""
    wording = models.PositiveSmallIntegerField(default=0)
    guard_message_id = models.BigIntegerField(default=0)
    """The last message that the preview showed."""
    send_at = models.DateTimeField(null=True, blank=True)
    """It isn't sent before this: replies are spread over time."""
    state = models.CharField(max_length=7, choices=State.choices, default=State.PLANNED)
    why = models.CharField(max_length=400, blank=True, default="")
    """Why it was left out."""
    reply = models.OneToOneField(
        "mentions.Reply", null=True, blank=True, on_delete=models.PROTECT, related_name="incident_reply"
    )

    class Meta:
        verbose_name = _("reply of an incident")
        verbose_name_plural = _("replies of an incident")
        ordering = ["send_at", "pk"]
        constraints = [
            # Nobody is told twice, whoever presses the button and wherever they wrote.
            models.UniqueConstraint(
                fields=["incident", "kind", "ticket"],
                condition=Q(state__in=["planned", "sent"]),
                name="incident_told_once_per_ticket",
            ),
            models.UniqueConstraint(
                fields=["incident", "kind", "recipient"],
                condition=Q(state__in=["planned", "sent"]),
                name="incident_told_once_per_person",
            ),
        ]
        indexes = [
            models.Index(fields=["batch"], name="incident_reply_planned", condition=Q(state="planned")),
            models.Index(fields=["channel", "send_at"], name="incident_reply_pace"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.state}"
