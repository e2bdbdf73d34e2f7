"""Urgent tickets: who was called, where it was posted, and the rules that call automatically."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.clocks import desk_now
from channels.queries import matching

_IS_RUNNING = Q(state__in=["open", "taken"])


class UrgentRule(models.Model):
    """Marks a ticket as urgent when everything that is filled in applies; once per ticket."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    query = models.TextField(
        _("query"),
        blank=True,
        default="",
        help_text=_(
            'Words and authors, in the language of queries: outage OR "security hole", author:ceo. Empty: any.'
        ),
    )
    channels = models.ManyToManyField(
        "channels.Channel", verbose_name=_("channels"), blank=True, related_name="+", help_text=_("Empty: all.")
    )
    messages = models.PositiveSmallIntegerField(
        _("messages"),
        null=True,
        blank=True,
        validators=[MinValueValidator(2)],
        help_text=_("Speed of a conversation: so many messages …"),
    )
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=60, validators=[MinValueValidator(1)], help_text=_("… within so many minutes.")
    )
    slack_channels = models.CharField(
        _("Slack channels"),
        max_length=400,
        blank=True,
        default="",
        help_text=_("Further Slack channels to post to, separated by commas: #ceo, #product."),
    )
    pings_team = models.BooleanField(
        _("ping the team"),
        default=True,
        db_default=True,
        help_text=_("Switch this off if the message itself pings the team in Slack, so that nobody is notified twice."),
    )
    is_rapid_response = models.BooleanField(_("start the rapid response"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=desk_now, editable=False)

    class Meta:
        verbose_name = _("urgent rule")
        verbose_name_plural = _("urgent rules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            matching.parse(self.query)
        except matching.QueryError as error:
            raise ValidationError({"query": str(error)}) from error
        if not self.query.strip() and not self.messages:
            raise ValidationError(_("Enter a query or a speed: otherwise every mention would be urgent."))

    @property
    def rooms(self) -> list[str]:
        return [room.strip() for room in self.slack_channels.split(",") if room.strip()]


class UrgentCall(models.Model):
    """A ticket that somebody must take now. open → taken → over; or withdrawn. If whoever took it does nothing, it is
    open again, in the next `round`."""

    class State(models.TextChoices):
        OPEN = "open", _("nobody has taken it")
        TAKEN = "taken", _("taken")
        OVER = "over", _("over")
        WITHDRAWN = "withdrawn", _("no longer urgent")

    RUNNING = (State.OPEN, State.TAKEN)

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="urgent_calls")
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Null for a rule."""
    rule = models.ForeignKey(UrgentRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="calls")
    why = models.CharField(max_length=300, blank=True, default="")
    asked_at = models.DateTimeField()
    priority_before = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField(default=0)
    """How often it was freed."""
    step = models.PositiveSmallIntegerField(default=0)
    """Escalation step: 0 the team, 1 the next person, 2 everybody."""
    due_at = models.DateTimeField(null=True, blank=True)
    """When it escalates or, once taken, by when something must have happened; null: nothing more happens."""
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    """Counts changes; each Slack post records which revision it shows."""

    class Meta:
        verbose_name = _("urgent call")
        verbose_name_plural = _("urgent calls")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=_IS_RUNNING, name="urgent_once_per_ticket"),
            # A rule never marks a ticket again after somebody unmarked it.
            models.UniqueConstraint(
                fields=["ticket", "rule"], condition=Q(rule__isnull=False), name="urgent_once_per_ticket_and_rule"
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="urgent_running", condition=_IS_RUNNING)]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.state}"

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING


class UrgentPost(models.Model):
    """One Slack message about a call: in a channel, or to one person."""

    call = models.ForeignKey(UrgentCall, on_delete=models.CASCADE, related_name="posts")
    slack_channel = models.CharField(max_length=80)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    """Whom a direct message is to."""
    round = models.PositiveSmallIntegerField(default=0)
    outbound = models.OneToOneField("channels.OutboundItem", on_delete=models.PROTECT, related_name="+")
    shown = models.PositiveIntegerField(default=0)
    """The call's revision that it shows."""

    class Meta:
        verbose_name = _("urgent post")
        verbose_name_plural = _("urgent posts")
        constraints = [
            models.UniqueConstraint(fields=["call", "slack_channel", "round"], name="urgent_post_once_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.slack_channel}"


class UrgentPerson(models.Model):
    """Somebody who was called or has seen it."""

    call = models.ForeignKey(UrgentCall, on_delete=models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    called_at = models.DateTimeField(null=True, blank=True)
    round = models.PositiveSmallIntegerField(default=0)
    """In which they were called last."""
    seen_at = models.DateTimeField(null=True, blank=True)
    mail_at = models.DateTimeField(null=True, blank=True)
    """When an email to them is due; null once it is sent."""
    mail_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("called person")
        verbose_name_plural = _("called people")
        constraints = [models.UniqueConstraint(fields=["call", "user"], name="urgent_once_per_person")]
        indexes = [models.Index(fields=["mail_at"], name="urgent_mail_due", condition=Q(mail_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.call_id} {self.user_id}"
