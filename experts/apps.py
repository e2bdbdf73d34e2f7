from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExpertsConfig(AppConfig):
    name = "experts"
    verbose_name = _("Experts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from experts import audience, directory, panel, receivers  # noqa: F401  (rules of who sees what; nudges from below)
        from mentions import delivery_news, menu, panels

        delivery_news.register_slack_ids(directory.slack_id_of)
        panels.register(panel.EXPERTS)
        menu.register(menu.Entry(_("Experts"), "experts:directory", "experts.view_expert", 50))
