from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    name = "team"
    verbose_name = _("Team")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from mentions.views import menu

        menu.register(menu.Entry(_("Coverage"), "team:coverage", "team.view_shift", 55))
        menu.register(menu.Entry(_("Contacts"), "team:contacts", "team.view_contact", 80, is_seldom=True))
