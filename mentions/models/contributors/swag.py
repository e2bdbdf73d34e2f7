"""Swag suggested by rules. Nothing is sent automatically."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SwagRule(models.Model):
    """When swag is suggested, and the macro that offers it."""

    class When(models.TextChoices):
        FIRST = "first", _("first contribution")
        HELPED = "helped", _("a contributor helps somebody")
        CORE = "core", _("joins the core team")

    name = models.CharField(_("name"), max_length=80, unique=True)
    when = models.CharField(_("when"), max_length=8, choices=When.choices)
    macro = models.ForeignKey(
        "mentions.Macro",
        verbose_name=_("macro"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("offered next to the conversation; an advocate reads and applies it"),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("swag rule")
        verbose_name_plural = _("swag rules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SwagSuggestion(models.Model):
    """One per rule and person, whatever its outcome."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        GIVEN = "given", _("given")
        DECLINED = "declined", _("not this time")

    rule = models.ForeignKey(SwagRule, on_delete=models.PROTECT, related_name="suggestions")
    """A rule that has suggested something is switched off, not deleted: otherwise it would suggest the same again."""
    person = models.ForeignKey("mentions.Person", on_delete=models.CASCADE, related_name="swag_suggestions")
    ticket = models.ForeignKey("mentions.Ticket", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """Where they helped."""
    made_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("swag suggestion")
        verbose_name_plural = _("swag suggestions")
        constraints = [models.UniqueConstraint(fields=["rule", "person"], name="swag_suggested_once")]
        indexes = [models.Index(fields=["person"], name="swag_open", condition=models.Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.rule} {self.person_id}"
