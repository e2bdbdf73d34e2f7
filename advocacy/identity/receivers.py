"""What allauth and Django tell about logins is recorded; and nobody is deleted, by whatever way."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import password_reset
from django.contrib.auth.models import User
from django.db.models import ProtectedError
from django.db.models.signals import pre_delete
from django.dispatch import receiver


@receiver(pre_delete, sender=User, dispatch_uid="identity.never_deleted")
def never_deleted(instance: User, **_kwargs: Any) -> None:
    raise ProtectedError(f"{instance} is never deleted, since what they did stays: deactivate them.", {instance})


@receiver(password_reset, dispatch_uid="identity.address_proved")
def address_proved(user: User, **_kwargs: Any) -> None:
    """The link came by mail, so whoever used it reads that address. (Links only go to proved addresses, and to the one
    of somebody who was just invited.)"""
    if user.email and not EmailAddress.objects.filter(user=user, verified=True).exists():
        EmailAddress.objects.filter(user=user).delete()
        EmailAddress.objects.create(user=user, email=user.email.lower(), verified=True, primary=True)
