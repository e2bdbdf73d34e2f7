"""Models of the `channels` app. Import models from here."""

from channels.models.alarm import Alarm
from channels.models.connection import Channel, Connection
from channels.models.erased import ErasedId
from channels.models.follow import Followed
from channels.models.inbox import Batch, IgnoreRule, InboundItem
from channels.models.installation import Installation
from channels.models.lookup import Lookup
from channels.models.outbox import OutboundItem
from channels.models.personal import PersonalAccount
from channels.models.team import Team

__all__ = [
    "Alarm",
    "Batch",
    "Channel",
    "Connection",
    "ErasedId",
    "Followed",
    "IgnoreRule",
    "InboundItem",
    "Installation",
    "Lookup",
    "OutboundItem",
    "PersonalAccount",
    "Team",
]
