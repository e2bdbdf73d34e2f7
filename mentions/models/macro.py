"""Macros: what they do is data, `mentions.macros` carries it out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Macro(models.Model):
    """A named set of ticket actions: `Involving Experts::Expert Responded`. Applied all or nothing, with a preview."""

    name = models.CharField(_("name"), max_length=120, unique=True, help_text=_("Group::Name"))
    description = models.CharField(_("purpose"), max_length=300, blank=True)
    actions = models.JSONField(_("actions"), default=list)
    """Ordered [{"do": "reply"|"note"|"status"|"tag"|"untag"|"priority"|"assign_me"|..., ...}]: see
    `mentions.macros`."""
    position = models.PositiveIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
