"""Views: filters and order as data. `mentions.queue.view_filters` turns the filters into conditions,
`mentions.queue.view_orders` holds the orders."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class View(models.Model):
    """A saved filter with an order; any view can be played."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    filters = models.JSONField(_("filters"), default=dict, blank=True)
    """{"channels": [slug], "statuses": [...], "tags": [...], "priority_min": 30, "assignee": "me"|"none"|username,
    "language": "de", "older_than_minutes": 60, "parked": true, "overdue": true, "text": "..."}; full list:
    `mentions.queue.view_filters`."""
    order = models.CharField(
        _("order"),
        max_length=12,
        choices=[("oldest", _("oldest first")), ("due", _("due first")), ("newest", _("newest first"))],
        default="oldest",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="desk_views"
    )
    """Null: shared by everybody."""
    position = models.PositiveIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
