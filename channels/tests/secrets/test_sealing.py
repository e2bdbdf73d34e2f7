"""Changing the encryption key of stored secrets: every column with secrets is found automatically, and nothing is
lost."""

import re

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, models
from django.test.utils import isolate_apps

from channels.models import Channel, Connection, PersonalAccount
from channels.secrets import sealing
from channels.secrets.sealing import SealedField
from channels.secrets.vault import open_sealed, seal
from channels.tests.factories import make_channel, make_connection
from mentions.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
TELLING = re.compile(r"secret|token|password|credential|api_key")
NO_SECRETS = {"claim_token", "lease_token", "attempt_token", "password"}
"""Fencing tokens, which open nothing; a person's password is hashed."""


@pytest.fixture
def sealed(settings):
    """A secret in every column that may hold one, under the old key."""
    settings.ENCRYPTION_KEYS = [OLD]
    made = make_connection(secrets={"token": seal("of the connection"), "home": "env:DESK_CHANNEL_HOME"})
    make_channel(made, secrets={"access_token": seal("of the channel")})
    owner = UserFactory()
    secrets = {"token": seal("of a person"), "login": "maria"}
    PersonalAccount.objects.create(user=owner, connection=made, secrets=secrets)
    Authenticator.objects.create(
        user=owner, type="totp", data={"secret": seal("of the second factor"), "deep": [{"er": seal("deeper")}]}
    )


def open_secrets():
    factor = Authenticator.objects.get().data
    return {
        open_sealed(Connection.objects.get().secrets["token"]),
        open_sealed(Channel.objects.get().secrets["access_token"]),
        open_sealed(PersonalAccount.objects.get().secrets["token"]),
        open_sealed(factor["secret"]),
        open_sealed(factor["deep"][0]["er"]),
    }


def test_rotation_as_documented_loses_nothing(sealed, settings, capsys):
    before = open_secrets()
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    with pytest.raises(CommandError, match="Older keys are still needed"):
        call_command("reseal_secrets", "--check")
    call_command("reseal_secrets")
    assert "5 secrets" in capsys.readouterr().out
    call_command("reseal_secrets", "--check")
    settings.ENCRYPTION_KEYS = [NEW]
    assert open_secrets() == before
    assert Connection.objects.get().secrets["home"] == "env:DESK_CHANNEL_HOME"
    assert PersonalAccount.objects.get().secrets["login"] == "maria"


def test_one_secret_that_cannot_be_opened_keeps_all_as_they_are(sealed, settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    PersonalAccount.objects.update(secrets={"token": seal("lost")})
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    before = Connection.objects.get().secrets
    with pytest.raises(CommandError, match=r"channels\.PersonalAccount\.secrets"):
        call_command("reseal_secrets")
    assert Connection.objects.get().secrets == before


@isolate_apps("channels")
def test_a_sealed_column_that_is_added_comes_under_it_by_itself(settings):
    class Vault(models.Model):  # noqa: DJ008
        keep = SealedField(default=dict)

        class Meta:
            app_label = "channels"

    with connection.schema_editor() as editor:
        editor.create_model(Vault)
    settings.ENCRYPTION_KEYS = [OLD]
    Vault.objects.create(keep={"token": seal("new here")})
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert [str(column) for column in sealing.columns(Vault._meta.apps)] == ["channels.Vault.keep"]
    assert sum(sealing.reseal_all(Vault._meta.apps).values()) == 1
    settings.ENCRYPTION_KEYS = [NEW]
    assert open_sealed(Vault.objects.get().keep["token"]) == "new here"


def test_columns_of_ours_that_are_named_like_secrets_are_sealed():
    ours = [app.label for app in apps.get_app_configs() if sealing._is_ours(app)]
    telling = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ours
        for field in model._meta.local_concrete_fields
        if TELLING.search(field.name) and field.name not in NO_SECRETS
        if isinstance(field, models.CharField | models.TextField | models.JSONField | models.BinaryField)
        and not isinstance(field, SealedField)
    ]
    assert telling == []


def test_a_sealed_column_is_plain_json_for_migrations():
    assert SealedField(default=dict).deconstruct()[1] == models.JSONField(default=dict).deconstruct()[1]
