"""The publication of a security report."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

PUBLISHED_AFTER = timedelta(days=30)
"""If the reporter asks for publication, the report is published after this time, even if nobody accepts."""


class Disclosure(models.Model):
    """A request to publish a report, with its checklist. It ends published or withdrawn."""

    class State(models.TextChoices):
        ASKED = "asked", _("requested")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Audience(models.TextChoices):
        UNKNOWN = "", _("not checked")
        PUBLIC = "public", _("public issue")
        CONFIDENTIAL = "confidential", _("confidential issue")

    ticket = models.OneToOneField("mentions.Ticket", on_delete=models.CASCADE, related_name="disclosure")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    is_ours = models.BooleanField(default=False)
    """We asked: then nothing is published without the reporter."""
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    """When the platform publishes it automatically; null if we asked."""
    remind_at = models.DateTimeField(null=True, blank=True)
    """When the ticket comes back, if the checklist is not done."""
    has_nothing_sensitive = models.BooleanField(_("no sensitive information"), default=False)
    fix_url = models.CharField(_("merge request"), max_length=500, blank=True, default="")
    audience = models.CharField(
        _("issue"), max_length=12, choices=Audience.choices, blank=True, default=Audience.UNKNOWN
    )
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("publication of a report")
        verbose_name_plural = _("publications of reports")
        indexes = [
            models.Index(fields=["remind_at"], name="disclosure_reminder", condition=models.Q(state="asked")),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.state}"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.ASKED

    @property
    def is_checked(self) -> bool:
        """Nothing speaks against publication: nothing sensitive, the fix is linked, and its issue is public."""
        return self.has_nothing_sensitive and bool(self.fix_url) and self.audience == self.Audience.PUBLIC
