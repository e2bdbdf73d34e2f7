"""Who may see alerts: whoever may see their channel."""

from __future__ import annotations

from django.db.models import Q

from channels.audience import Viewer, rule_for, visible_channel_ids
from metrics.models import Alert


@rule_for(Alert)
def _with_its_channel(user: Viewer) -> Q:
    return Q(channel=None) | Q(channel__in=visible_channel_ids(user))
