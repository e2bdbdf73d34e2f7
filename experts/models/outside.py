"""Facts read from web pages: the company's team page, and who wrote a post."""

from __future__ import annotations

from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from experts.models.directory import Expert


class TeamPage(models.Model):
    """A YAML or JSON list of colleagues. It adds and updates experts; only a person removes them."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    url = models.CharField(_("address"), max_length=500, validators=[URLValidator(schemes=["https", "http"])])
    is_active = models.BooleanField(_("read daily"), default=True)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When it is read again; null: at once."""
    read_at = models.DateTimeField(null=True, blank=True, editable=False)
    """The last reading that succeeded."""
    error = models.TextField(blank=True, default="", db_default="", editable=False)
    """Why the last reading failed; empty if it didn't."""
    report = models.JSONField(default=dict, blank=True, editable=False)
    """Of the last reading: {"added": [expert id], "updated": [[expert id, [field]]], "missing": [expert id],
    "problems": [sentence]}. Ids instead of names: an erased person leaves nothing here."""

    class Meta:
        verbose_name = _("team page")
        verbose_name_plural = _("team pages")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PostAuthor(models.Model):
    """Which expert wrote a page that people comment on. Neither its address nor any other name is stored: an erased
    person leaves nothing here."""

    page = models.CharField(max_length=64, unique=True)
    """SHA-256 of `Message.page_url`."""
    expert = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.CASCADE, related_name="posts")
    is_named = models.BooleanField(default=False)
    """The page names an author, whoever it is."""
    tries = models.PositiveSmallIntegerField(default=0)
    """Times in a row that it could not be read."""
    read_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("post author")
        verbose_name_plural = _("post authors")

    def __str__(self) -> str:
        return self.page[:12]
