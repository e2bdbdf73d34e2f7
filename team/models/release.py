"""Release days: the rule that makes them, who has the duty, and swaps between two people."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from team.models.coverage import validate_time_zone

SLACK_CHANNEL = RegexValidator(r"^#[\w-]{1,79}$", _("A Slack channel starts with #, such as #release-post."))
MAX_WORDS, MAX_WORD = 20, 80


def validate_words(words: object) -> None:
    if not isinstance(words, list) or not all(isinstance(word, str) and 0 < len(word) <= MAX_WORD for word in words):
        raise ValidationError(_('Enter a list of words or phrases, such as ["release notes", "new version"].'))
    if len(words) > MAX_WORDS:
        raise ValidationError(_("Enter at most %(most)s words or phrases."), params={"most": MAX_WORDS})


class ReleaseRule(models.Model):
    """A release each month, and the hours in which somebody watches what is said about it. Hours are local: they
    follow the time zone's daylight saving time."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    day_of_month = models.PositiveSmallIntegerField(
        _("day of the month"),
        default=22,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("In shorter months: the last day."),
    )
    starts = models.TimeField(_("from"), default=time(8))
    ends = models.TimeField(_("to"), default=time(22), help_text=_("If earlier than the start: the next day."))
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    slack_channel = models.CharField(
        _("Slack channel of the release"), max_length=80, blank=True, default="", validators=[SLACK_CHANNEL]
    )
    words = models.JSONField(
        _("words"),
        default=list,
        blank=True,
        validators=[validate_words],
        help_text=_("Mentions with one of these count as being about the release, as do those with its name or link."),
    )
    per_hour = models.PositiveSmallIntegerField(
        _("mentions per hour"),
        default=6,
        db_default=6,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
        help_text=_(
            "How many one person can handle. The page of a release day uses this to check whether enough people are on."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("release rule")
        verbose_name_plural = _("release rules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Release(models.Model):
    """One release day. `month` (its first day) identifies it, so that it can be moved."""

    rule = models.ForeignKey(ReleaseRule, on_delete=models.PROTECT, related_name="releases")
    month = models.DateField(_("month"))
    day = models.DateField(_("day"), db_index=True)
    is_moved = models.BooleanField(_("moved by hand"), default=False)
    name = models.CharField(_("name"), max_length=80, blank=True, default="", help_text=_("Such as 17.6."))
    url = models.CharField(
        _("link"), max_length=500, blank=True, default="", validators=[URLValidator(["http", "https"])],
        help_text=_("The release post."),
    )  # fmt: skip
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="release_duties"
    )
    shift = models.OneToOneField("team.Shift", null=True, blank=True, on_delete=models.SET_NULL, related_name="release")
    """The owner's shift if nobody else is on: on a weekend or a holiday."""
    experts = models.ManyToManyField("experts.Expert", blank=True, related_name="releases")
    overview = models.TextField(_("overview"), blank=True, default="")
    overview_version = models.PositiveIntegerField(default=0)
    overview_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    told_ahead_at = models.DateTimeField(null=True, blank=True)
    told_day_at = models.DateTimeField(null=True, blank=True)
    told_summary_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("release day")
        verbose_name_plural = _("release days")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["rule", "month"], name="release_once_per_month")]

    def __str__(self) -> str:
        return f"{self.name or self.rule} {self.day}"


class ReleaseSwap(models.Model):
    """The owner of one release day asks the owner of another to exchange them. Nothing changes until they agree."""

    class State(models.TextChoices):
        OPEN = "open", _("asked")
        AGREED = "agreed", _("agreed")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("lapsed")  # a day has begun, or has another owner by now

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="swaps")
    other = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="release_swaps")
    asked_at = models.DateTimeField()
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("release swap")
        verbose_name_plural = _("release swaps")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["release"], name="release_swap_one_open", condition=Q(state="open"))
        ]

    def __str__(self) -> str:
        return f"{self.release} ↔ {self.other}"
