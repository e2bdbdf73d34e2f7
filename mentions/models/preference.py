from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Preference(models.Model):
    """One person's settings; a missing row means the defaults."""

    class Theme(models.TextChoices):
        SYSTEM = "", _("same as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.PROTECT, related_name="preference"
    )
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, blank=True, default=Theme.SYSTEM)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True, default="")
    """An IANA name; empty means UTC, the zone of the coverage hours."""
    has_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    """WCAG 2.1.4: people who dictate or use a switch must be able to turn single keys off."""
    shift_until = models.DateTimeField(_("on shift until"), null=True, blank=True)
    """While on shift, follow-ups go to their assignee first; null: not set, recent activity decides."""

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"{self.user_id}"
