"""Authors: accounts on platforms, and the people behind them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels.clocks import desk_now

CALLED = SearchVector("name", "handle", config="simple")
"""The words of an author's names, unstemmed."""


class Person(models.Model):
    """A human, or our own brand, with all their accounts. `is_us`: their public posts are answers by the team."""

    name = models.CharField(_("name"), max_length=200)
    is_us = models.BooleanField(_("team member"), default=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="person"
    )
    notes = models.TextField(_("notes"), blank=True)
    region = models.CharField(_("region"), max_length=60, blank=True, default="", db_default="")
    email = models.EmailField(_("email address"), blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name"]
        permissions = [
            ("erase_person", "Can erase everything that the desk holds of a person"),
            ("export_person", "Can export everything that the desk holds of a person"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_name(self) -> str:
        """Name for the audit log, where nothing can be removed later: an erased person must not be named."""
        return f"person {self.pk}"


class Account(models.Model):
    """An account that an admin assigned to a person, possibly before it was ever seen; ingest links authors to it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="accounts")
    namespace = models.CharField(_("platform"), max_length=200, help_text=_("twitter, hackernews, email, ..."))
    handle = models.CharField(_("handle or address"), max_length=254)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [models.UniqueConstraint("namespace", Lower("handle"), name="account_belongs_to_one_person")]

    def __str__(self) -> str:
        return f"{self.handle} ({self.namespace})"


class Author(models.Model):
    """An account that has said something on a platform."""

    namespace = models.CharField(max_length=200)
    external_id = models.CharField(max_length=500)
    handle = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=300, blank=True)
    url = models.TextField(blank=True)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="authors")
    is_us = models.BooleanField(_("team member"), default=False)
    """Follows `person.is_us`, and is set for our own handles; stored here so that ingest and queues need no join."""
    first_seen_at = models.DateTimeField(default=desk_now, editable=False)

    class Meta:
        verbose_name = _("author")
        verbose_name_plural = _("authors")
        constraints = [models.UniqueConstraint(fields=["namespace", "external_id"], name="author_once_per_namespace")]
        indexes = [
            models.Index("namespace", Lower("handle"), name="author_by_handle", condition=~Q(handle="")),
            GinIndex(CALLED, name="author_by_words"),
        ]

    def __str__(self) -> str:
        return self.name or self.handle or self.external_id or gettext("unknown")
