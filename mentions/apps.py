"""The app of mentions and tickets. At startup it registers panels, macro actions, menu entries and roles."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MentionsConfig(AppConfig):
    name = "mentions"
    verbose_name = _("Mentions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from channels.views.overview import Link, register_link, register_volume
        from mentions import receivers  # noqa: F401  (nudges from below)
        from mentions.codes.macro_action import GIVE_CODE
        from mentions.macros import macros
        from mentions.people import (
            audience,  # noqa: F401  (the rules of this floor)
            roles,
        )
        from mentions.personal_data import casework, marks  # noqa: F401  (parts of exports and erasures)
        from mentions.programs.macro_action import DECIDE
        from mentions.queue import volume
        from mentions.views import menu, panels
        from mentions.views.casework import codes, issues, programs, questions, report
        from mentions.views.ticket import related_mentions

        panels.register(related_mentions.ELSEWHERE)
        panels.register(report.REPORT)
        panels.register(issues.ISSUES)
        panels.register(programs.PROGRAM)
        panels.register(codes.CODES)
        panels.register(questions.QUESTIONS)
        macros.register_action(DECIDE.name, DECIDE)
        macros.register_action(GIVE_CODE.name, GIVE_CODE)
        menu.register(menu.MenuEntry(_("Codes"), "mentions:codes", "mentions.give_code", 56, is_seldom=True))
        menu.register(
            menu.MenuEntry(_("Applications"), "mentions:programs", "mentions.view_ticket", 55, is_seldom=True)
        )
        menu.register(
            menu.MenuEntry(_("Contributors"), "mentions:contributors", "mentions.view_mark", 57, is_seldom=True)
        )
        register_volume(volume.by_day)
        register_link(Link(_("Imports"), "mentions:imports", "channels.view_connection"))
        register_link(Link(_("Held back"), "mentions:held", "channels.settle_outbounditem"))
        register_link(Link(_("Weekly checklist"), "mentions:checklist", "mentions.view_ticket"))

        # Without a sender: an app's permissions exist only after that app's own turn.
        post_migrate.connect(roles.ensure_after_migrate, dispatch_uid="mentions.people.roles")
