"""A message board where people answer from their own accounts: token `token-of-x` opens the account `id-x`."""

from __future__ import annotations

from channels.contract import Author, Capability, Field, FieldKind, Receipt
from channels.errors import AuthFailed
from channels.models import PersonalAccount
from channels.outbox import personal as own_accounts
from mentions.people import linked_accounts
from mentions.tests.factories import (
    NOON,
    AuthorFactory,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    TicketFactory,
)
from mentions.tests.platforms import Forum


class IngestBatch(Forum):
    platform = "testboard"
    label = "Test board"
    capabilities = Forum.capabilities | {Capability.SEND, Capability.DELETE, Capability.LIKE, Capability.POST}
    personal_fields = (
        Field("token", "Token", "From your profile there.", FieldKind.SECRET, required=True),
        Field("device", "Device"),
    )

    def __init__(self):
        self.refuses = set()
        self.sent = []
        self.deleted = []
        self.liked = []

    def current_account(self, config):
        token = config.personal["token"]
        if token in self.refuses or not token.startswith("token-of-"):
            raise AuthFailed(f"The token {token} is not valid.")
        name = token.removeprefix("token-of-")
        return Author(f"id-{name}", name.title(), name.title())

    def send(self, config, outgoing):
        author = self.current_account(config)
        self.sent.append((author.id, outgoing))
        return Receipt(f"b{len(self.sent)}", f"https://board.example/b{len(self.sent)}")

    def delete(self, config, external_id):
        self.deleted.append((self.current_account(config).id, external_id))

    def like(self, config, external_id):
        self.liked.append((self.current_account(config).id, external_id))


def board_ticket(connection=None, **message):
    connection = connection or ConnectionFactory(platform="testboard", name="Board")
    channel = ChannelFactory(connection=connection, name=f"board {connection.pk}")
    requester = AuthorFactory(namespace="testboard")
    ticket = TicketFactory(channel=channel, requester=requester)
    MessageFactory(ticket=ticket, namespace="testboard", url="https://board.example/q1", posted_at=NOON, **message)
    return ticket


def enter(user, connection, token, now=NOON):
    """Saves and checks a token, as the page and its task do."""
    from channels.registry.finding_adapters import adapter_for

    account = own_accounts.save(user.pk, connection, adapter_for("testboard"), {"token": token})
    linked_accounts.check(account.pk, now)
    return PersonalAccount.objects.get(pk=account.pk)
