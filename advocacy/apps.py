"""The project's app and its admin site. At startup it loads Celery, the system checks and the login receivers."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _

from advocacy.runtime import collecting


class AdvocacyConfig(AppConfig):
    name = "advocacy"
    verbose_name = _("Mention desk")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        collecting.pause()  # the first of the apps: the models of all others are loaded next

    def ready(self) -> None:
        from advocacy import celery, checks  # noqa: F401  (tasks find our broker; registers the system checks)
        from advocacy.identity import receivers  # noqa: F401  (login events are recorded)
        from mentions.views import menu

        menu.register(menu.MenuEntry(_("Audit log"), "audit:log", "audit.view_entry", 90, is_seldom=True))
        collecting.resume()


class DeskAdminConfig(AdminConfig):
    default_site = "advocacy.admin_site.DeskAdminSite"
