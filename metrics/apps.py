"""The app of the reports. At startup it registers their menu entry and the numbers of the monthly meeting."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MetricsConfig(AppConfig):
    name = "metrics"
    verbose_name = _("Metrics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from mentions.views import menu
        from metrics import (
            audience,  # noqa: F401  (the rule of this floor)
            slide_numbers,
        )
        from team.meeting import numbers

        numbers.register(slide_numbers.offer)
        menu.register(menu.MenuEntry(_("Reports"), "metrics:index", "mentions.view_reports", 60, starts_day=True))
