"""Imported calendars: their secret address, the last reading, and the shifts and absences that came from each."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.models import Team
from channels.secrets.sealing import SealedField
from channels.secrets.vault import open_sealed, remember
from team.models.coverage import Absence, Shift, validate_time_zone

MAX_WORDS, MAX_WORD = 30, 40


def away_words() -> list[str]:
    return ["off", "away", "vacation", "PTO", "OOO", "out of office", "leave", "sick", "holiday"]


def shift_words() -> list[str]:
    return ["shift", "on duty"]


def on_call_words() -> list[str]:
    return ["on call", "on-call"]


def validate_title_words(words: object) -> None:
    if not isinstance(words, list) or not all(isinstance(word, str) and 0 < len(word) <= MAX_WORD for word in words):
        raise ValidationError(_('Enter a list of words, such as ["vacation", "PTO"].'))
    if len(words) > MAX_WORDS:
        raise ValidationError(_("Enter at most %(most)s words."), params={"most": MAX_WORDS})


class CalendarFeed(models.Model):
    """An external calendar, read every 15 minutes. Its address is a secret that gives access to it."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    secrets = SealedField(_("secrets"), default=dict, blank=True, editable=False)
    """{"url": sealed}."""
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="calendar_feeds",
        help_text=_("Owner of a personal calendar. Empty: a team calendar, whose events name or invite people."),
    )  # fmt: skip
    team = models.ForeignKey(
        Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.SET_NULL, related_name="calendar_feeds",
        help_text=_("The team that its shifts cover. Empty: the desk’s own hours."),
    )  # fmt: skip
    away_words = models.JSONField(
        _("words for absences"), default=away_words, blank=True, validators=[validate_title_words]
    )
    shift_words = models.JSONField(
        _("words for shifts"), default=shift_words, blank=True, validators=[validate_title_words]
    )
    on_call_words = models.JSONField(
        _("words for shifts on call"), default=on_call_words, blank=True, validators=[validate_title_words]
    )
    time_zone = models.CharField(
        _("time zone"), max_length=60, default="UTC", validators=[validate_time_zone],
        help_text=_("For events that don’t name one."),
    )  # fmt: skip
    is_active = models.BooleanField(_("active"), default=True)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When to read it next; null: now."""
    read_at = models.DateTimeField(null=True, blank=True, editable=False)
    """The last successful reading."""
    error = models.TextField(blank=True, default="", db_default="", editable=False)
    """Why the last reading failed; empty if it didn't."""
    problems = models.JSONField(default=list, blank=True, editable=False)
    """Sentences about events that could not be used in the last reading."""

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def url(self) -> str:
        """Raises SecretUnreadable."""
        value = open_sealed(self.secrets["url"]) if self.secrets.get("url") else ""
        remember(value)
        return value


class CalendarEntry(models.Model):
    """Links a shift or absence to its calendar event, and is removed with it. Those entered by hand have none."""

    feed = models.ForeignKey(CalendarFeed, on_delete=models.CASCADE, related_name="entries")
    key = models.CharField(max_length=64)
    """SHA-256 of the event, its day, the person and the kind."""
    # Without a constraint in the database: the release before, which knows no calendars, can delete either.
    shift = models.OneToOneField(
        Shift, null=True, blank=True, on_delete=models.CASCADE, related_name="calendar_entry", db_constraint=False
    )
    absence = models.OneToOneField(
        Absence, null=True, blank=True, on_delete=models.CASCADE, related_name="calendar_entry", db_constraint=False
    )

    class Meta:
        verbose_name = _("calendar entry")
        verbose_name_plural = _("calendar entries")
        constraints = [
            models.UniqueConstraint(fields=["feed", "key"], name="calendar_entry_once"),
            models.CheckConstraint(
                condition=Q(shift__isnull=False) ^ Q(absence__isnull=False), name="calendar_entry_is_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return self.key[:12]
