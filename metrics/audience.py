"""Audience rules: to see an alert you must be allowed to see its channel; to see a package, all its channels."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.expressions import RawSQL

from channels.audience import HIDDEN_CHANNELS, Viewer, rule_for, seen_by, visible_channel_ids
from mentions.people import access
from metrics.models import Alert, ExportRun, Package, PackageFile, ReportMessage


@rule_for(Alert)
def _with_its_channel(user: Viewer) -> Q:
    return Q(channel=None) | Q(channel__in=visible_channel_ids(user))


@rule_for(Package)
def _all_its_channels(user: Viewer) -> Q:
    """The team's and their own, unless a channel in it is hidden from them."""
    if not user.has_perm(access.VIEW):
        return Q(pk__in=[])
    hidden = RawSQL(HIDDEN_CHANNELS.replace("%(me)s", "%s"), (user.pk, user.pk))  # noqa: S611
    return (Q(user=None) | Q(user=user.pk)) & ~Q(channel_ids__overlap=hidden)


@rule_for(PackageFile)
def _with_its_package(user: Viewer) -> Q:
    return Q(package__in=seen_by(user, Package))


@rule_for(ReportMessage, ExportRun)
def _own(user: Viewer) -> Q:
    return Q(user=user.pk)
