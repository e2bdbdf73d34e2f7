from channels.models.connection import Channel, Connection
from channels.models.follow import Followed
from channels.models.inbox import InboundItem
from channels.models.outbox import OutboundItem

__all__ = ["Channel", "Connection", "Followed", "InboundItem", "OutboundItem"]
