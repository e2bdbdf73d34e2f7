"""Personal accounts on a connection's platform, for replies that don't come from the company's account."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.secrets.sealing import SealedField


class PersonalAccount(models.Model):
    """One person's values for an adapter's `personal_fields`. Encrypted at rest, never shown again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="personal_accounts")
    connection = models.ForeignKey("channels.Connection", on_delete=models.CASCADE, related_name="personal_accounts")
    secrets = SealedField(default=dict, editable=False)
    external_id = models.CharField(max_length=500, blank=True)
    handle = models.CharField(_("account"), max_length=254, blank=True)
    """As the platform returned it when the token was checked."""
    checked_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    """The platform's last rejection; empty while it works."""

    class Meta:
        verbose_name = _("personal account")
        verbose_name_plural = _("personal accounts")
        constraints = [
            models.UniqueConstraint(fields=["user", "connection"], name="personal_account_once_per_connection")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.connection_id}"

    @property
    def is_being_checked(self) -> bool:
        return self.checked_at is None and not self.error

    @property
    def is_usable(self) -> bool:
        """The platform has confirmed its owner and hasn't rejected it since."""
        return self.checked_at is not None and not self.error and bool(self.external_id)

    @property
    def name(self) -> str:
        """`@maria` if it has a handle, else its external id."""
        return f"@{self.handle.lstrip('@')}" if self.handle else self.external_id
