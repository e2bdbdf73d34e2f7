"""Coverage: when the team is there, by weekday and time zone, and the days on which it is not."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is no time zone. Use a name such as Europe/Amsterdam."), params={"name": name}
        )


class CoverageHours(models.Model):
    """One period of one weekday; a day may have several, also in different time zones."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("from"), default=time(8))
    ends = models.TimeField(_("to"), default=time(22), help_text=_("00:00 is the end of the day."))
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])

    class Meta:
        verbose_name = _("coverage hours")
        verbose_name_plural = _("coverage hours")
        ordering = ["weekday", "starts"]
        constraints = [
            models.UniqueConstraint(fields=["weekday", "starts", "ends", "time_zone"], name="coverage_period_once"),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")) | Q(ends=time(0)), name="coverage_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M} {self.time_zone}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Holiday(models.Model):
    """A day without coverage."""

    day = models.DateField(_("day"), unique=True)
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"
