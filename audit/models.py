"""The audit log. Append-only: triggers from migration 0002 reject updates and deletes."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.kinds import EntryKind

_LABELS: dict[str, str | Promise] = dict(EntryKind.choices)


class Entry(models.Model):
    """Who did what to what, when, and from where. Names are copied and there are no foreign keys: an entry outlives the
    people and objects it names."""

    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("what"), max_length=40)
    """An `EntryKind`; older rows may have one that no longer exists."""
    actor_id = models.BigIntegerField(null=True)
    """Id of an `auth.User`. Null: nobody was logged in, or the desk acted."""
    actor_name = models.CharField(_("who"), max_length=200, blank=True)
    subject_kind = models.CharField(max_length=100, blank=True)
    """`app.model`; empty if the entry isn't about an object."""
    subject_id = models.CharField(max_length=100, blank=True)
    subject_name = models.CharField(_("concerning"), max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)
    """Names of fields, roles before and after, counts. Never a secret, never the text of a mention."""
    address = models.GenericIPAddressField(_("from"), null=True)

    class Meta:
        verbose_name = _("audit log entry")
        verbose_name_plural = _("audit log")
        default_permissions = ("view",)  # the log is read-only
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"], name="audit_entry_time"),
            models.Index(fields=["kind", "-id"], name="audit_entry_kind"),
            models.Index(fields=["actor_name", "-id"], name="audit_entry_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S} {self.actor_name}"

    @property
    def label(self) -> str | Promise:
        """The kind's label; a kind that no longer exists keeps its raw name."""
        return _LABELS.get(self.kind, self.kind)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The details as (name, value), in recorded order."""
        return [(name, _words(value)) for name, value in self.details.items()]


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "—"
    return "—" if value in (None, "") else str(value)
