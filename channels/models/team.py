"""Teams: people with separate coverage hours and shifts, and the channels whose reply clocks use them. Channels without
a team are the desk's."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """A team. Without its own coverage hours, it uses the desk's."""

    name = models.CharField(_("name"), max_length=60, unique=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
