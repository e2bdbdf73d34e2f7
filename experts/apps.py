"""The app of the experts. At startup it registers their macro actions, panel, lookups and menu entries."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExpertsConfig(AppConfig):
    name = "experts"
    verbose_name = _("Experts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from experts import (
            audience,  # noqa: F401  (the rules of who sees what)
            macro_actions,
            panel,
            personal_data,  # noqa: F401  (a part of exports and erasures)
            receivers,  # noqa: F401  (nudges from channels and mentions)
        )
        from experts.directory import directory
        from experts.topic_words import product_words, slack_rooms
        from mentions.macros import macros
        from mentions.notifications import delivery_news, sharing
        from mentions.questions import reading
        from mentions.search import lookup_words
        from mentions.views import menu, panels

        delivery_news.register_slack_ids(directory.slack_id_of)
        reading.register_names(directory.name_of)
        sharing.register_rooms(slack_rooms)
        lookup_words.register_vocabulary(product_words)
        panels.register(panel.EXPERTS)
        for action in macro_actions.ACTIONS:
            macros.register_action(action.name, action)
        menu.register(menu.MenuEntry(_("Experts"), "experts:directory", "experts.view_expert", 50))
        menu.register(menu.MenuEntry(_("Feedback"), "experts:feedback", "experts.view_feedback", 58, is_seldom=True))
        menu.register(menu.MenuEntry(_("Requests"), "experts:board", "experts.view_outreach", 51))
