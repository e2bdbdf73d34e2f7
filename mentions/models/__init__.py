from mentions.models.author import Account, Author, Person
from mentions.models.draft import Draft
from mentions.models.event import Event, Note
from mentions.models.macro import Macro
from mentions.models.message import Attachment, Blob, Message, MessageAlias, MessageRevision, Sighting, ThreadPost
from mentions.models.preference import Preference
from mentions.models.reply import Reply
from mentions.models.tag import Tag
from mentions.models.ticket import HandBack, ThreadAlias, Ticket
from mentions.models.view import View

__all__ = [
    "Account",
    "Attachment",
    "Author",
    "Blob",
    "Draft",
    "Event",
    "HandBack",
    "Macro",
    "Message",
    "MessageAlias",
    "MessageRevision",
    "Note",
    "Person",
    "Preference",
    "Reply",
    "Sighting",
    "Tag",
    "ThreadAlias",
    "ThreadPost",
    "Ticket",
    "View",
]
