"""Audience rules: people who see release days may read their Slack channel; a ticket made from it follows its own
rule."""

from __future__ import annotations

from django.db.models import Q

from channels.audience import Viewer, rule_for
from team.models import ReleaseRoom, RoomMessage


@rule_for(ReleaseRoom, RoomMessage)
def _with_release_days(user: Viewer) -> Q:
    return Q() if user.has_perm("team.view_release") else Q(pk__in=[])
