"""Who takes over the roles of somebody who is away."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from team.models.coverage import Absence, Shift


class StandIn(models.Model):
    """One role of a person who is away, taken over by `to` for that time. It ends by itself with the absence, or when
    the absence no longer includes the role's day."""

    class Role(models.TextChoices):
        EXPERTISE = "expertise", _("expertise")
        RELEASE = "release", _("release day")
        MEETING = "meeting", _("slides of the monthly meeting")
        ON_CALL = "on_call", _("on call")
        BUDDY = "buddy", _("buddy of a volunteer")

    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    number = models.PositiveBigIntegerField()
    """The id of the expertise, release, meeting, shift or volunteer day. Not a foreign key: a shift may go any time."""
    what = models.CharField(max_length=200)
    """The role in words."""
    # Without a constraint in the database: the release before, which knows no stand-ins, can delete either.
    absence = models.ForeignKey(
        Absence, null=True, on_delete=models.SET_NULL, related_name="stand_ins", db_constraint=False
    )
    shift = models.ForeignKey(
        Shift, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    """On call: the shift of `to`, which covers the part of the other shift that is within the absence."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    """Who is away."""
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    """None: planned; an expertise changes hands on the first day."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("stand-in")
        verbose_name_plural = _("stand-ins")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["role", "number"], name="stand_in_once_per_role", condition=Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.to}"
