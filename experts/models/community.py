"""Tickets shared with all colleagues: anybody may take and answer one."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_IS_RUNNING = Q(state__in=["shared", "taken"])


class CommunityShare(models.Model):
    """shared → taken → answered; or back to shared, or over. The ticket is solved in the meantime: nobody has to
    answer."""

    class State(models.TextChoices):
        SHARED = "shared", _("shared")
        TAKEN = "taken", _("taken")
        ANSWERED = "answered", _("answered")
        OVER = "over", _("over")  # nobody answered, or it could not be posted

    RUNNING = (State.SHARED, State.TAKEN)

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.PROTECT, related_name="community_shares")
    shared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    shared_at = models.DateTimeField()
    slack_channel = models.CharField(max_length=80)
    slack_url = models.TextField(blank=True)
    guidance = models.TextField(blank=True)
    reopens = models.BooleanField(default=True)
    """An answer reopens the ticket for its advocate; otherwise it is counted and the ticket stays solved."""
    outbound = models.OneToOneField(
        "channels.OutboundItem", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.SHARED)
    taken_by = models.ForeignKey("mentions.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    taken_name = models.CharField(max_length=120, blank=True)
    taken_slack_id = models.CharField(max_length=40, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    answer = models.ForeignKey("mentions.Message", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_by = models.ForeignKey(
        "mentions.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="community_answers"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    """Why the Slack message could not be posted; then nobody has seen it."""

    class Meta:
        verbose_name = _("community share")
        verbose_name_plural = _("community shares")
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=_IS_RUNNING, name="community_share_once_per_ticket")
        ]
        indexes = [models.Index(fields=["shared_at"], name="community_share_running", condition=_IS_RUNNING)]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.slack_channel}"

    @property
    def taker(self) -> str:
        return str(self.taken_by or self.taken_name)


class SlackRequest(models.Model):
    """A signed request from Slack that was carried out: the same one, sent again, does nothing."""

    key = models.CharField(max_length=80, unique=True)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("Slack request")
        verbose_name_plural = _("Slack requests")

    def __str__(self) -> str:
        return self.key
