"""Expertises: the team's processes, each owned by one member for a while."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from team.models.release import validate_words


def validate_slugs(slugs: object) -> None:
    if not isinstance(slugs, list) or not all(isinstance(slug, str) and slug for slug in slugs):
        raise ValidationError(_('Enter a list of channels by their slugs, such as ["mail-merch"].'))


class Expertise(models.Model):
    """A process with its owner, and who takes over when. Tickets of its channels, or with its words, touch it."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.CharField(_("what it includes"), max_length=300, blank=True, default="")
    url = models.CharField(
        _("workflow"), max_length=500, blank=True, default="", validators=[URLValidator(["http", "https"])]
    )
    words = models.JSONField(_("words"), default=list, blank=True, validators=[validate_words])
    channels = models.JSONField(
        _("channels"), default=list, blank=True, validators=[validate_slugs], help_text=_("By their slugs.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="expertises"
    )
    next_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rotates_on = models.DateField(_("next rotation"), null=True, blank=True)
    every_months = models.PositiveSmallIntegerField(
        _("rotates every … months"), default=0, validators=[MaxValueValidator(60)], help_text=_("0: only by hand.")
    )
    told_for = models.DateField(null=True, blank=True)
    """The rotation that was announced a week ahead."""
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("area of expertise")
        verbose_name_plural = _("areas of expertise")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class ExpertiseTurn(models.Model):
    """Who took over an expertise, and when."""

    expertise = models.ForeignKey(Expertise, on_delete=models.CASCADE, related_name="turns")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since = models.DateField(_("since"))

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["-since", "-pk"]
        constraints = [models.UniqueConstraint(fields=["expertise", "since"], name="expertise_turn_once_per_day")]

    def __str__(self) -> str:
        return f"{self.expertise}: {self.user} {self.since}"
