"""The app of the channels. At startup it sets up database sessions, rollback and secret redaction in logs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    name = "channels"
    verbose_name = _("Channels")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate, pre_migrate

        from channels.db import db_session, rollback
        from channels.secrets import vault
        from channels.views.overview import Link, register_link

        vault.scrub_logs()
        connection_created.connect(db_session.prepare)
        pre_migrate.connect(rollback.keep_aside)
        post_migrate.connect(rollback.bring_back)
        register_link(Link(_("Forms"), "forms:index", "channels.view_connection"))
