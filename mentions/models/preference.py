"""What the desk stores about a team member: their settings, and temporary roles."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Preference(models.Model):
    """One person's settings; a missing row means the defaults."""

    class Theme(models.TextChoices):
        SYSTEM = "", _("same as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class Ways(models.TextChoices):
        """How somebody receives reports."""

        NONE = "", _("not at all")
        MAIL = "mail", _("by email")
        SLACK = "slack", _("in Slack, by direct message")
        BOTH = "both", _("by email and in Slack")

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
    weekly_digest = models.CharField(
        _("weekly digest"), max_length=5, choices=Ways.choices, blank=True, default=Ways.NONE, db_default=Ways.NONE
    )
    monthly_package = models.CharField(
        _("monthly package"), max_length=5, choices=Ways.choices, blank=True, default=Ways.NONE, db_default=Ways.NONE
    )

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"{self.user_id}"


class RoleTerm(models.Model):
    """Planned → begun (the desk has added the role) → ended (revoked). After `ends_at` the role no longer counts, even
    before it is revoked (`mentions.people.role_terms`)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="role_terms")
    role = models.ForeignKey("auth.Group", on_delete=models.CASCADE, related_name="+")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    is_added = models.BooleanField(default=False)
    """Whether the desk added the role: one that they had anyway stays when the term ends."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("role for a time")
        verbose_name_plural = _("roles for a time")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="role_term_ends_after_start")
        ]
        indexes = [models.Index(fields=["user", "role"], name="role_term_open", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} {self.starts_at:%Y-%m-%d %H:%M}–{self.ends_at:%Y-%m-%d %H:%M}"
