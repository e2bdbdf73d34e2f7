from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExpertsConfig(AppConfig):
    name = "experts"
    verbose_name = _("Experts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from experts import audience, panel, receivers  # noqa: F401  (rules of who sees what; nudges from below)
        from mentions import menu, panels

        panels.register(panel.EXPERTS)
        menu.register(menu.Entry(_("Experts"), "experts:directory", "experts.view_expert", 50))
