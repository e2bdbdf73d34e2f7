"""The monthly meeting for which a team member updates the slides."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from team.models.coverage import validate_time_zone
from team.models.release import SLACK_CHANNEL

MAX_ITEMS, MAX_ITEM = 20, 200


def validate_items(items: object) -> None:
    if not isinstance(items, list) or not all(isinstance(item, str) and 0 < len(item) <= MAX_ITEM for item in items):
        raise ValidationError(_('Enter a list of sentences, such as ["The chart is on the slide"].'))
    if len(items) > MAX_ITEMS or len(set(items)) < len(items):
        raise ValidationError(_("Enter at most %(most)s sentences, each once."), params={"most": MAX_ITEMS})


class MeetingRule(models.Model):
    """A meeting each month: when the slides are due, who is prompted how long before, and where it is reported."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    day_of_month = models.PositiveSmallIntegerField(
        _("slides are due on day"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("If it falls on a weekend: the Friday before."),
    )
    due_at = models.TimeField(_("at"), default=time(9))
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    remind_days = models.PositiveSmallIntegerField(
        _("prompt … days before"), default=3, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    slack_channel = models.CharField(
        _("Slack channel"), max_length=80, blank=True, default="", validators=[SLACK_CHANNEL]
    )
    url = models.CharField(
        _("slides"), max_length=500, blank=True, default="", validators=[URLValidator(["http", "https"])]
    )
    checklist = models.JSONField(_("checklist"), default=list, blank=True, validators=[validate_items])
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("meeting rule")
        verbose_name_plural = _("meeting rules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Meeting(models.Model):
    """One month's slides. `month` is its first day; the numbers are those of the month before."""

    rule = models.ForeignKey(MeetingRule, on_delete=models.PROTECT, related_name="meetings")
    month = models.DateField(_("month"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="meeting_duties"
    )
    told_ahead_at = models.DateTimeField(null=True, blank=True)
    told_due_at = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("monthly meeting")
        verbose_name_plural = _("monthly meetings")
        ordering = ["month"]
        constraints = [models.UniqueConstraint(fields=["rule", "month"], name="meeting_once_per_month")]

    def __str__(self) -> str:
        return f"{self.rule} {self.month:%Y-%m}"


class MeetingCheck(models.Model):
    """An item of the checklist that somebody has ticked."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="checks")
    item = models.CharField(max_length=MAX_ITEM)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "item"], name="meeting_item_once")]

    def __str__(self) -> str:
        return f"{self.meeting_id}: {self.item}"
