"""What the figures about release days mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.meanings.meaning import Meaning

OF_RELEASES = (
    Meaning(
        "release_mentions",
        _("On release days"),
        _("Mentions posted during the duty hours of a release day, or in the two hours before or after."),
    ),
    Meaning(
        "ordinary_mentions",
        _("On ordinary days"),
        _("Mentions posted in the same hours a week before and a week after the release days."),
    ),
    Meaning("release_mean", _("Per release day"), _("Mentions on release days, divided by the number of days.")),
    Meaning("ordinary_mean", _("Per ordinary day"), _("Mentions on ordinary days, divided by the number of days.")),
    Meaning("increase", _("Increase"), _("How many more or fewer mentions per release day than per ordinary day.")),
)
