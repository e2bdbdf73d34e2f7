from mentions.models.audience import AudienceLimit
from mentions.models.author import Account, Author, Person
from mentions.models.checklist import ChannelCheck
from mentions.models.delivery_problem import DeliveryProblem
from mentions.models.draft import Draft
from mentions.models.event import Event, Note
from mentions.models.macro import Macro
from mentions.models.message import Attachment, Blob, Message, MessageAlias, MessageRevision, Sighting, ThreadPost
from mentions.models.notice import Notice, NoticePost
from mentions.models.preference import Preference
from mentions.models.preset import PresetRecord
from mentions.models.reply import Reply
from mentions.models.tag import Tag
from mentions.models.ticket import HandBack, ThreadAlias, Ticket
from mentions.models.view import View

__all__ = [
    "Account",
    "Attachment",
    "AudienceLimit",
    "Author",
    "Blob",
    "ChannelCheck",
    "DeliveryProblem",
    "Draft",
    "Event",
    "HandBack",
    "Macro",
    "Message",
    "MessageAlias",
    "MessageRevision",
    "Note",
    "Notice",
    "NoticePost",
    "Person",
    "Preference",
    "PresetRecord",
    "Reply",
    "Sighting",
    "Tag",
    "ThreadAlias",
    "ThreadPost",
    "Ticket",
    "View",
]
