"""The desk's tables. Import models from here."""

from mentions.models.audience_limit import AudienceLimit
from mentions.models.author import Account, Author, Person
from mentions.models.casework.application import Application
from mentions.models.casework.code import Code, CodeStock
from mentions.models.casework.disclosure import Disclosure
from mentions.models.casework.issue import Issue, IssueLink
from mentions.models.casework.question import Question
from mentions.models.casework.thread_state import ThreadState
from mentions.models.checklist import ChannelCheck
from mentions.models.contributors.mark import Mark
from mentions.models.contributors.swag import SwagRule, SwagSuggestion
from mentions.models.event import Event, EventKind, Note
from mentions.models.macro import Macro
from mentions.models.message import Attachment, Blob, Message, MessageAlias, MessageRevision, Sighting, ThreadPost
from mentions.models.notice import DueWarning, Notice, NoticePost
from mentions.models.preference import Preference, RoleTerm
from mentions.models.preset import PresetRecord
from mentions.models.reply import DeliveryProblem, Draft, Reply
from mentions.models.ticket import CoveredSpan, HandBack, Tag, ThreadAlias, Ticket
from mentions.models.view import View

__all__ = [
    "Account",
    "Application",
    "Attachment",
    "AudienceLimit",
    "Author",
    "Blob",
    "ChannelCheck",
    "Code",
    "CodeStock",
    "CoveredSpan",
    "DeliveryProblem",
    "Disclosure",
    "Draft",
    "DueWarning",
    "Event",
    "EventKind",
    "HandBack",
    "Issue",
    "IssueLink",
    "Macro",
    "Mark",
    "Message",
    "MessageAlias",
    "MessageRevision",
    "Note",
    "Notice",
    "NoticePost",
    "Person",
    "Preference",
    "PresetRecord",
    "Question",
    "Reply",
    "RoleTerm",
    "Sighting",
    "SwagRule",
    "SwagSuggestion",
    "Tag",
    "ThreadAlias",
    "ThreadPost",
    "ThreadState",
    "Ticket",
    "View",
]
