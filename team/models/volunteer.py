"""Advocates for a day: colleagues who help the team on one day."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class VolunteerDay(models.Model):
    """One colleague on one day, in their time zone: invited → accepted | declined | withdrawn. On the day they have the
    role of volunteers; at its end the team thanks them."""

    class State(models.TextChoices):
        INVITED = "invited", _("invited")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")

    LIVE = (State.INVITED, State.ACCEPTED)

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="volunteer_days")
    day = models.DateField(_("day"))
    buddy = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    link_until = models.DateTimeField()
    link_version = models.PositiveIntegerField(default=1)
    """Sending the invitation again ends the earlier link."""
    state = models.CharField(max_length=9, choices=State.choices, default=State.INVITED)
    answered_at = models.DateTimeField(null=True, blank=True)
    term = models.OneToOneField(
        "mentions.RoleTerm", null=True, blank=True, on_delete=models.PROTECT, related_name="volunteer_day"
    )
    """Their rights on the day; created when they accept."""
    welcomed_at = models.DateTimeField(null=True, blank=True)
    thanked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("volunteer day")
        verbose_name_plural = _("volunteer days")
        ordering = ["day", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "day"], name="volunteer_once_a_day", condition=Q(state__in=["invited", "accepted"])
            )
        ]
        indexes = [models.Index(fields=["day"], name="volunteer_by_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.day}"


class VolunteerMail(models.Model):
    """An email about a volunteer day that waits to be sent; once per kind and person, invitations once per link."""

    volunteer = models.ForeignKey(VolunteerDay, on_delete=models.CASCADE, related_name="mails")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    mail_at = models.DateTimeField(null=True, blank=True)
    """None: sent, or given up."""
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("email to a volunteer")
        verbose_name_plural = _("emails to volunteers")
        constraints = [models.UniqueConstraint(fields=["volunteer", "to", "kind"], name="volunteer_mail_once")]
        indexes = [models.Index(fields=["mail_at"], name="volunteer_mail_due", condition=Q(mail_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.kind}: {self.to_id}"


class VolunteerNeed(models.Model):
    """A day with too few volunteers, and when the team was told: once, and again on the working day before."""

    day = models.DateField(unique=True)
    told_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("day with too few volunteers")
        verbose_name_plural = _("days with too few volunteers")
        ordering = ["day"]

    def __str__(self) -> str:
        return str(self.day)


class PracticePass(models.Model):
    """Somebody solved a practice ticket."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="practice_passes")
    exercise = models.CharField(max_length=20)
    passed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("solved practice ticket")
        verbose_name_plural = _("solved practice tickets")
        constraints = [models.UniqueConstraint(fields=["user", "exercise"], name="practice_passed_once")]

    def __str__(self) -> str:
        return f"{self.exercise}: {self.user_id}"


class PracticeTry(models.Model):
    """Somebody's latest attempt at a practice ticket, visible only to them: the draft, and the action once it is right.
    Deleted when their day is over."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="practice_tries")
    exercise = models.CharField(max_length=20)
    text = models.TextField(default="", blank=True)
    """The reply."""
    version = models.PositiveIntegerField(default=0)
    """Of the text, for a page in a second window."""
    deed = models.CharField(max_length=10, default="", blank=True)
    choice = models.CharField(max_length=20, default="", blank=True)
    request = models.TextField(default="", blank=True)
    """What an expert is asked."""
    done_at = models.DateTimeField(null=True, blank=True)
    """None: still open."""

    class Meta:
        verbose_name = _("attempt at a practice ticket")
        verbose_name_plural = _("attempts at practice tickets")
        constraints = [models.UniqueConstraint(fields=["user", "exercise"], name="practice_tried_once")]

    def __str__(self) -> str:
        return f"{self.exercise}: {self.user_id}"
