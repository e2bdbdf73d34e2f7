"""Discount and swag codes, as a stock that macros draw from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.secrets.sealing import SealedField


class CodeStock(models.Model):
    """Codes of one kind. A code is given once."""

    name = models.SlugField(_("name"), max_length=60, unique=True)
    description = models.CharField(_("description"), max_length=200, blank=True)
    warn_below = models.PositiveIntegerField(
        _("warn below"), default=5, help_text=_("The team is warned in Slack when fewer codes are left.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("stock of codes")
        verbose_name_plural = _("stocks of codes")
        ordering = ["name"]
        permissions = [("give_code", "Can give discount and swag codes"), ("import_code", "Can import codes")]

    def __str__(self) -> str:
        return self.name


class Code(models.Model):
    """Worth money: encrypted, and shown only in the reply that gives it."""

    stock = models.ForeignKey(CodeStock, on_delete=models.PROTECT, related_name="codes")
    secret = SealedField(default=dict)
    """{"code": sealed}"""
    fingerprint = models.CharField(max_length=64)
    """A keyed hash: the same code is not imported twice."""
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    ticket = models.ForeignKey("mentions.Ticket", null=True, blank=True, on_delete=models.PROTECT, related_name="codes")
    """The ticket whose requester got it."""
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    given_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            models.UniqueConstraint(fields=["stock", "fingerprint"], name="code_once_per_stock"),
            models.UniqueConstraint(
                fields=["stock", "ticket"], condition=Q(ticket__isnull=False), name="code_once_per_ticket"
            ),
            models.CheckConstraint(
                condition=Q(ticket__isnull=True, given_at__isnull=True)
                | Q(ticket__isnull=False, given_at__isnull=False),
                name="code_given_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["stock", "id"], name="code_free", condition=Q(ticket__isnull=True))]

    def __str__(self) -> str:
        return f"{self.stock} {self.pk}"
