"""Lookup: a system that is searched beside the composer."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.models.connection import Channel, Connection, roles_field
from channels.secrets.sealing import SealedField


class Lookup(models.Model):
    """One search: the status page, a tracker, the forum, the support desk, the docs."""

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("Shown above its results."))
    kind = models.CharField(_("kind"), max_length=40)
    connection = models.ForeignKey(
        Connection,
        verbose_name=_("connection"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="lookups",
        help_text=_("Its address, settings and credentials are used where nothing is entered here."),
    )
    address = models.CharField(_("address"), max_length=500, blank=True, help_text=_("Of the system's API or site."))
    page_url = models.CharField(
        _("page for everybody"),
        max_length=500,
        blank=True,
        help_text=_("Macros link it. Empty: the system's own address, if anybody can open that."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = SealedField(_("secrets"), default=dict, blank=True, editable=False)
    channels = models.ManyToManyField(
        Channel, verbose_name=_("channels"), blank=True, related_name="lookups", help_text=_("None: for all channels.")
    )
    visible_to = roles_field(
        _("visible to"), _("Roles; empty: everybody who may see tickets. Results are what its credentials may see.")
    )
    is_trusted = models.BooleanField(
        _("may get words of restricted tickets"),
        default=False,
        help_text=_("Only for your own systems. Others are searched for such a ticket only when somebody asks for it."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    position = models.PositiveIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("lookup")
        verbose_name_plural = _("lookups")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
