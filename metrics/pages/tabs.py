"""The tabs above every report."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from metrics.reports import REPORTS

ALERTS = "alerts"
ALERTS_TITLE = _("Alerts")
PACKAGES = "packages"
PACKAGES_TITLE = _("Monthly package")
NAMES = (*REPORTS, ALERTS, PACKAGES)


def tabs() -> list[dict[str, Any]]:
    """The tabs in order; each has its page under its name."""
    return [
        *({"name": each.name, "title": each.title} for each in REPORTS.values()),
        {"name": ALERTS, "title": ALERTS_TITLE},
        {"name": PACKAGES, "title": PACKAGES_TITLE},
    ]
