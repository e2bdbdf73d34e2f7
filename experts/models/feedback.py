"""Feedback to product: conversations routed to a topic, and the weekly digest of each topic."""

from __future__ import annotations

import uuid
from datetime import time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

MAX_SUMMARY = 200


def validate_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValidationError(_("Enter a time zone such as Europe/Prague.")) from error


class FeedbackRule(models.Model):
    """When the digests are posted, in the company's time zone."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    name = models.CharField(_("name"), max_length=80, unique=True)
    weekday = models.PositiveSmallIntegerField(_("on"), choices=Weekday.choices, default=Weekday.MONDAY)
    at = models.TimeField(_("at"), default=time(9))
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("feedback rule")
        verbose_name_plural = _("feedback rules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class FeedbackDigest(models.Model):
    """One topic's digest for one week."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    topic = models.ForeignKey("experts.Topic", on_delete=models.CASCADE, related_name="digests")
    due_on = models.DateField()
    made_at = models.DateTimeField()
    slack_channel = models.CharField(max_length=80, blank=True, default="")
    outbound = models.OneToOneField(
        "channels.OutboundItem", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """None without Slack: the digest is only on its page."""

    class Meta:
        verbose_name = _("feedback digest")
        verbose_name_plural = _("feedback digests")
        constraints = [models.UniqueConstraint(fields=["topic", "due_on"], name="digest_once_per_topic_and_week")]

    def __str__(self) -> str:
        return f"{self.topic} {self.due_on}"


class Feedback(models.Model):
    """A conversation routed to a topic, and its outcome."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")
        ISSUE = "issue", _("issue opened")
        SHIPPED = "shipped", _("shipped")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    topic = models.ForeignKey("experts.Topic", on_delete=models.CASCADE, related_name="feedback")
    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="feedback")
    summary = models.CharField(max_length=MAX_SUMMARY, blank=True)
    """One line for the digest."""
    routed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    routed_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    state_at = models.DateTimeField()
    state_by = models.CharField(max_length=120, blank=True)
    """Name of the team member or Slack user; empty if it was automatic."""
    digest = models.ForeignKey(
        FeedbackDigest, null=True, blank=True, on_delete=models.SET_NULL, related_name="feedback"
    )
    """The first digest that listed it; None: the next will."""
    told_state = models.CharField(max_length=8, blank=True, default="")
    """The state in the last digest that listed it."""

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [models.UniqueConstraint(fields=["topic", "ticket"], name="feedback_once_per_topic")]
        indexes = [
            models.Index(fields=["topic", "-routed_at"], name="feedback_of_topic"),
            models.Index(fields=["topic"], name="feedback_not_told", condition=Q(digest=None)),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.topic}"
