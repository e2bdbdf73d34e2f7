"""The team's roster, the addresses of its calendar feeds, and whom to reach in an emergency."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels.models import Team

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
"""A day outside of these is a typo; near the limits of dates, time zones can't be applied."""


def validate_day(day: date) -> None:
    """Also takes a time."""
    on = day.date() if isinstance(day, datetime) else day
    if not FIRST_DAY <= on <= LAST_DAY:
        raise ValidationError(_("Enter a day between 2000 and 2099."))


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Use a name such as Europe/Amsterdam."), params={"name": name}
        )


class CoverageHours(models.Model):
    """One period of one weekday; a day may have several, also in different time zones. Without a team: the desk's own
    hours, and those of every team that has none."""

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
    team = models.ForeignKey(
        Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.CASCADE, related_name="coverage_hours",
        help_text=_("Empty: the desk’s own hours, which also apply to teams without hours."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("coverage hours")
        verbose_name_plural = _("coverage hours")
        ordering = ["weekday", "starts"]
        constraints = [
            models.UniqueConstraint(
                fields=["weekday", "starts", "ends", "time_zone", "team"],
                name="coverage_period_once_per_team",
                nulls_distinct=False,
            ),
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
    """A day without coverage, of one team or of all."""

    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=120)
    team = models.ForeignKey(
        Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.CASCADE, related_name="holidays",
        help_text=_("Who has this day off. Empty: everybody."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["day", "team"], name="holiday_once_per_team", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"


class Shift(models.Model):
    """A time during which somebody is on the desk."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    note = models.CharField(_("note"), max_length=200, blank=True, default="", db_default="")
    is_on_call = models.BooleanField(_("on call"), default=False, db_default=False)
    """Reached when something is urgent; does not count as coverage."""
    team = models.ForeignKey(
        Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.SET_NULL, related_name="shifts",
        help_text=_("The team that it covers. Empty: the desk’s own hours."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="shift_ends_after_start"),
            models.UniqueConstraint(fields=["user", "starts_at"], name="shift_once_per_user_and_start"),
        ]
        indexes = [models.Index(fields=["ends_at"], name="shift_by_end")]

    def __str__(self) -> str:
        return f"{self.user}: {self.starts_at:%Y-%m-%d %H:%M}–{self.ends_at:%H:%M}"

    def clean(self) -> None:
        _validate_days(self, "starts_at", "ends_at")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("A shift ends after it begins.")})


class Absence(models.Model):
    """Whole days away, in the person's own time zone. The reason is nobody's business."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    told_for = models.DateField(null=True, blank=True, editable=False)
    """The first day when the team was told of the roles that need a stand-in."""

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_ends_after_start"),
            models.UniqueConstraint(fields=["user", "first_day"], name="absence_once_per_user_and_day"),
        ]
        indexes = [models.Index(fields=["last_day"], name="absence_by_end")]

    def __str__(self) -> str:
        return f"{self.user}: {self.first_day}–{self.last_day}"

    def clean(self) -> None:
        _validate_days(self, "first_day", "last_day")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValidationError({"last_day": _("The last day can’t be before the first.")})


def _validate_days(row: Shift | Absence, *names: str) -> None:
    """Raises ValidationError naming the field."""
    for name in names:
        try:
            if value := getattr(row, name):
                validate_day(value)
        except ValidationError as error:
            raise ValidationError({name: error}) from error


class CalendarAddress(models.Model):
    """The address at which somebody's calendar program reads the roster without logging in. It is signed; a new
    `version` invalidates the old one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.PROTECT, related_name="calendar_address"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")

    def __str__(self) -> str:
        return f"{self.user_id}"


class Contact(models.Model):
    """Whom to reach, and how, when it can't wait."""

    class Kind(models.TextChoices):
        ADVOCATES = "advocates", _("Advocates")
        INCIDENT = "incident", _("Incident management")
        ROOM = "room", _("Slack channels")
        LEARNING = "learning", _("Learning")
        OTHER = "other", _("Others")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.OTHER)
    name = models.CharField(_("name"), max_length=120, help_text=_("A person, a role or a Slack channel."))
    purpose = models.CharField(_("for what"), max_length=200, blank=True, default="")
    how = models.CharField(
        _("how to reach"), max_length=200, blank=True, default="", help_text=_("A phone number, a handle, a rota.")
    )
    url = models.CharField(
        _("link"), max_length=500, blank=True, default="", validators=[URLValidator(["http", "https"])]
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["position", "name"]
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="contact_once_per_kind")]

    def __str__(self) -> str:
        return self.name
