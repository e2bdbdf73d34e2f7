"""Marks: a person's relationship to us. One row per person and kind, with the latest decision."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Mark(models.Model):
    """Given or removed by hand, by a list, or by the webhook. The row of a removed mark stays, so that an older webhook
    call that arrives late changes nothing."""

    class Kind(models.TextChoices):
        CONTRIBUTOR = "contributor", _("contributor")
        CUSTOMER = "customer", _("customer")
        CORE = "core", _("core team")
        PRESS = "press", _("press")

    class Source(models.TextChoices):
        HAND = "hand", _("by hand")
        LIST = "list", _("from a list")
        WEBHOOK = "webhook", _("by webhook")

    person = models.ForeignKey("mentions.Person", on_delete=models.CASCADE, related_name="marks")
    kind = models.CharField(_("mark"), max_length=12, choices=Kind.choices)
    is_given = models.BooleanField(default=True)
    since = models.DateField(_("since"), null=True, blank=True)
    """Empty: unknown, and not recent."""
    because = models.CharField(_("because"), max_length=200, blank=True, default="", db_default="")
    """A link to the contribution, or a few words."""
    source = models.CharField(max_length=8, choices=Source.choices)
    decided_at = models.DateTimeField()
    """When the decision was made at its source, not when it reached the desk."""
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="mark_once_per_person")]
        indexes = [models.Index(fields=["kind", "person"], name="mark_given", condition=models.Q(is_given=True))]
        permissions = [
            ("import_mark", "Can import marks from a list"),
            ("export_mark", "Can export contributors with their addresses"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
