"""The app of the team. At startup it registers panels, menu entries, a Slack button and undo URLs."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    name = "team"
    verbose_name = _("Team")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from channels.models import Team
        from experts.directory import suggestions
        from experts.listening import buttons
        from mentions.templatetags import desk
        from mentions.views import menu, panels
        from team.expertise import touching
        from team.handover import (  # noqa: F401
            audience as handover_audience,
        )
        from team.handover import (
            personal_data as handover_personal_data,  # noqa: F401
        )
        from team.incident_pages import panel as incident_panel
        from team.incidents import (  # noqa: F401
            audience as incident_audience,
        )
        from team.incidents import (
            personal_data as incident_personal_data,  # noqa: F401
        )
        from team.models import CoverageHours, Holiday
        from team.release import on_call
        from team.release_room import (  # noqa: F401
            audience as room_audience,
        )
        from team.release_room import (
            personal_data as room_personal_data,  # noqa: F401
        )
        from team.urgent import (
            audience,  # noqa: F401  (the rules of who sees what)
            panel,
            personal_data,  # noqa: F401  (a part of exports and erasures)
            receivers,
            wording,
        )

        suggestions.register_owners(touching.owners)
        suggestions.register_on_call(on_call.experts)
        panels.register(touching.EXPERTISES)
        panels.register(panel.URGENT)
        panels.register(incident_panel.INCIDENT)
        menu.register(menu.MenuEntry(_("Incidents"), "team:incidents", "team.view_incident", 57, is_seldom=True))
        menu.register(menu.MenuEntry(_("Hand-over"), "team:hand_over", "mentions.play_ticket", 58, is_seldom=True))
        buttons.register(wording.TAKE, receivers.take_by_click)
        desk.UNDO_URLS["urgent"] = "team:withdraw"
        desk.UNDO_URLS["incident"] = "team:incident_undo_step"
        desk.UNDO_URLS["practice"] = "team:practice_undo"
        menu.register(menu.MenuEntry(_("Coverage"), "team:coverage", "team.view_shift", 55))
        menu.register(menu.MenuEntry(_("Training"), "team:training", "team.view_volunteerday", 78, is_seldom=True))
        menu.register(menu.MenuEntry(_("Contacts"), "team:contacts", "team.view_contact", 80, is_seldom=True))
        for signal in (post_save, post_delete):
            for model in (Team, CoverageHours, Holiday):
                signal.connect(publish_later, sender=model, dispatch_uid=f"team.publish.{model.__name__}")


def publish_later(**_kwargs: Any) -> None:
    """Makes the reply clocks use the new hours."""
    from channels.dispatch import task_after_commit

    task_after_commit("team.publish_coverage")
