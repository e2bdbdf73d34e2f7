from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    name = "team"
    verbose_name = _("Team")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from experts.directory import suggestions
        from mentions.views import menu, panels
        from team.expertise import touching
        from team.models import CoverageHours, Holiday

        suggestions.register_owners(touching.owners)
        panels.register(touching.EXPERTISES)
        menu.register(menu.Entry(_("Coverage"), "team:coverage", "team.view_shift", 55))
        menu.register(menu.Entry(_("Contacts"), "team:contacts", "team.view_contact", 80, is_seldom=True))
        for signal in (post_save, post_delete):
            for model in (CoverageHours, Holiday):
                signal.connect(publish_later, sender=model, dispatch_uid=f"team.publish.{model.__name__}")


def publish_later(**_kwargs: Any) -> None:
    """The reply clocks count by the new hours."""
    from channels.dispatch import task_after_commit

    task_after_commit("team.publish_coverage")
