"""Rotas: the people who take turns at a duty."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RotaPlace(models.Model):
    """Somebody's place in a rota. The order decides between people whose last turns were equally long ago."""

    class Duty(models.TextChoices):
        RELEASE = "release", _("release day")
        MEETING = "meeting", _("slides of the monthly meeting")

    duty = models.CharField(_("duty"), max_length=10, choices=Duty.choices, default=Duty.RELEASE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rota_places")
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("place in a rota")
        verbose_name_plural = _("rotas")
        ordering = ["duty", "position", "user__username"]
        constraints = [models.UniqueConstraint(fields=["duty", "user"], name="rota_place_once_per_duty")]

    def __str__(self) -> str:
        return f"{self.get_duty_display()}: {self.user}"
