"""Converts a connection's row into its adapter's frozen config."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.conf import settings

from channels.contract import Adapter, Config, FieldKind, Json, Network
from channels.models import Channel, Connection, PersonalAccount
from channels.registry.fields import cleaned
from channels.registry.finding_adapters import adapter_for
from channels.secrets.vault import SealedSecrets

OWN_ID_SETTINGS = ("user_id", "account_id")
"""Channel settings that hold the platform's id of our account."""


@dataclass(frozen=True, slots=True)
class ConnectionSource:
    """A connection with its adapter and config."""

    connection: Connection
    adapter: Adapter
    config: Config


def source_for(connection: Connection) -> ConnectionSource:
    """Raises UnknownPlatform, InvalidSettings."""
    return ConnectionSource(connection, adapter_for(connection.platform), config_for(connection))


def source_of(connection_id: int, *, person: int | None = None) -> ConnectionSource:
    """Like `source_for`, from an id, in two queries. Also raises Connection.DoesNotExist.

    `person`: use this user's personal account, if the adapter supports them; one more query.
    """
    source = source_for(Connection.objects.prefetch_related("channels").get(pk=connection_id))
    if person is None or not source.adapter.personal_fields:
        return source
    account = PersonalAccount.objects.filter(user_id=person, connection_id=connection_id).first()
    return source if account is None else speaking_as(source, account)


def speaking_as(source: ConnectionSource, account: PersonalAccount) -> ConnectionSource:
    """The source with a person's values for the adapter's `personal_fields`."""
    plain = {f.name for f in source.adapter.personal_fields if f.kind is not FieldKind.SECRET}
    return replace(source, config=replace(source.config, personal=PersonalSecrets(account.secrets, plain)))


class PersonalSecrets(SealedSecrets):
    """Like `SealedSecrets`, but fields that aren't secret (a user name) are stored in plain text: redacting them would
    remove ordinary words from logs."""

    __slots__ = ("_plain",)

    def __init__(self, stored: Mapping[str, str], plain: Collection[str]) -> None:
        super().__init__(stored)
        self._plain = plain

    def __getitem__(self, name: str) -> str:
        return self._sealed[name] if name in self._plain else super().__getitem__(name)


def config_for(connection: Connection) -> Config:
    """The connection's config: settings validated, with defaults; secrets are decrypted on access, which may raise
    SecretUnreadable. Raises UnknownPlatform, InvalidSettings. One query, none if `channels` are prefetched."""
    adapter = adapter_for(connection.platform)
    channels = sorted(connection.channels.all(), key=lambda channel: (channel.rank, channel.pk))
    active = [channel for channel in channels if channel.is_active and channel.address]
    return Config(
        settings=cleaned(adapter.fields, connection.settings),
        secrets=SealedSecrets(connection.secrets),
        addresses=tuple(address_of(channel) for channel in active),
        own=own_names(channels),
        network=network(),
        channel_settings={address_of(c): _channel_settings(adapter, c) for c in active},
        channel_secrets={address_of(c): SealedSecrets(c.secrets) for c in active},
    )


def address_of(channel: Channel) -> str:
    """The channel's address as adapters see it: lower case, without a leading @."""
    return channel.address.strip().lower().removeprefix("@")


def own_names(channels: Iterable[Channel]) -> frozenset[str]:
    """Handles, aliases and account ids of the channels, including inactive ones: their old posts are still ours."""
    names = {address_of(channel) for channel in channels}
    for channel in channels:
        names |= {str(channel.settings.get(name) or "").strip().lower() for name in OWN_ID_SETTINGS}
    return frozenset(names - {""})


def network() -> Network:
    """This process's network limits, from the settings."""
    proxy = settings.HTTP_PROXY
    return Network(
        user_agent=settings.HTTP_USER_AGENT,
        read_timeout_s=float(settings.READ_TIMEOUT_SECONDS),
        allowed_private=tuple(entry.strip() for entry in settings.ALLOWED_PRIVATE_HOSTS if entry.strip()),
        proxies={"http": proxy, "https": proxy} if proxy else {},
    )


def _channel_settings(adapter: Adapter, channel: Channel) -> Mapping[str, Json]:
    """A channel's validated settings. An incomplete channel must not stop the whole connection, so missing values are
    reported on use."""
    return cleaned(adapter.channel_fields, channel.settings, complete=False)
