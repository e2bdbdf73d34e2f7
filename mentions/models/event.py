"""A ticket's append-only history, and the team's notes on it."""

from __future__ import annotations

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

CAME_BACK = Q(data__from__status="solved", data__to__status="open") | Q(data__from="solved", data__to="open")
"""From solved to open. Events from ingest hold just the states."""


def came_back_sql(event: str) -> str:
    """The same of a row with this alias."""
    states = """{e}.data #> '{{from,status}}' = '"solved"' AND {e}.data #> '{{to,status}}' = '"open"'"""
    return f"({states} OR {{e}}.data -> 'from' = '\"solved\"' AND {{e}}.data -> 'to' = '\"open\"')".format(e=event)


class EventKind(StrEnum):
    """What can happen to a ticket. `mentions.tickets.history` has the words for each."""

    CREATED = "created"
    UNREADABLE = "unreadable"
    READABLE = "readable"
    CLAIMED = "claimed"
    RELEASED = "released"
    EXPIRED = "expired"
    HANDED_BACK = "handed_back"
    STATUS = "status"
    PARKED = "parked"
    WOKEN = "woken"
    ASSIGNED = "assigned"
    TAGGED = "tagged"
    PRIORITY = "priority"
    MACRO = "macro"
    NOTED = "noted"
    REPLIED = "replied"
    ANSWERED_OUTSIDE = "answered_outside"
    NO_REPLY = "no_reply"
    CORRECTED = "corrected"
    UNDONE = "undone"
    BLOCKED = "blocked"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    UNCERTAIN = "uncertain"
    DELETED = "deleted"
    DELETE_ASKED = "delete_asked"
    DELETE_FAILED = "delete_failed"
    EDITED = "edited"
    RESTORED = "restored"
    MERGED = "merged"
    SPLIT = "split"
    LIKED = "liked"
    SHARED = "shared"
    BOUNCED = "bounced"
    OUTREACH = "outreach"
    EXPERT_RESPONDED = "expert_responded"
    COMMUNITY = "community"
    ERASED = "erased"
    SPAM_REPORTED = "spam_reported"
    WRONG_HANDLE = "wrong_handle"
    DISCLOSURE = "disclosure"
    ISSUE = "issue"
    APPLICATION = "application"
    CODE = "code"
    URGENT = "urgent"
    HANDED_OVER = "handed_over"
    INCIDENT = "incident"


class Event(models.Model):
    """Who did what and when, with the values before and after. Append-only."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    """Null for the desk itself."""
    kind = models.CharField(max_length=30)
    """An `EventKind`. Older rows may have one that no longer exists."""
    data = models.JSONField(default=dict, blank=True)
    """{"from": ..., "to": ...} and anything else the kind needs."""

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["ticket", "at", "id"], name="event_ticket_order"),
            models.Index(fields=["kind", "at"], name="event_kind_time", include=["actor"]),
            models.Index(fields=["actor", "at"], name="event_actor_time"),
            # Few of all events; without it, reports would read every one of them.
            models.Index(fields=["at"], include=["ticket", "kind"], name="event_came_back", condition=CAME_BACK),
            models.Index(fields=["ticket", "at"], include=["kind"], name="event_reopening", condition=CAME_BACK),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"


class Note(models.Model):
    """Internal; never leaves the desk and never affects a clock."""

    ticket = models.ForeignKey("mentions.Ticket", on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("note"))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.text[:50]
