"""The state of a conversation on its platform."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ThreadState(models.Model):
    """An issue is open or closed, a security report triaged or resolved: the newest state reported by the platform."""

    namespace = models.CharField(max_length=200)
    thread_id = models.CharField(max_length=500)
    state = models.CharField(_("state"), max_length=40)
    """The platform's own word."""
    is_over = models.BooleanField(default=False)
    keeps_open = models.BooleanField(default=False)
    """Tickets of this conversation wait until it is over (`Adapter.ends_there`)."""
    version_at = models.DateTimeField()
    """When the request that returned this state started; an older one never overwrites it."""
    changed_at = models.DateTimeField()
    """When the desk learned that it is over, or open again."""

    class Meta:
        verbose_name = _("state of a conversation")
        verbose_name_plural = _("states of conversations")
        constraints = [models.UniqueConstraint(fields=["namespace", "thread_id"], name="thread_state_once")]

    def __str__(self) -> str:
        return f"{self.namespace} {self.thread_id} {self.state}"
