from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    name = "channels"
    verbose_name = _("Channels")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from channels import secrets
        from channels.overview import Link, register_link

        secrets.scrub_logs()
        register_link(Link(_("Forms"), "forms:index", "channels.view_connection"))
