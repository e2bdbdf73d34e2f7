"""Applications to programs: education, open source, startups."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Application(models.Model):
    """received → checked → approved | declined | asked; asked → received when they answer; approved → done."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        CHECKED = "checked", _("checked")
        ASKED = "asked", _("more information")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined")
        DONE = "done", _("done")

    WAITING = (State.RECEIVED, State.CHECKED, State.APPROVED)
    """Waiting for us."""

    ticket = models.OneToOneField("mentions.Ticket", on_delete=models.CASCADE, related_name="application")
    program = models.CharField(_("program"), max_length=60)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RECEIVED)
    state_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    licence = models.CharField(_("licence"), max_length=300, blank=True, default="")
    """Number and terms of the licence, as noted by hand; reported to the CRM."""
    created_at = models.DateTimeField()
    told = models.PositiveIntegerField(default=0)
    """The number of the latest call to the CRM."""

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        indexes = [models.Index(fields=["program", "state", "state_at"], name="application_list")]

    def __str__(self) -> str:
        return f"{self.program} #{self.ticket_id} {self.state}"
