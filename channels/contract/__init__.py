"""The adapter interface: the only contract between a platform's wire format and the desk.

Pure data and one base class. No Django, no database, no clock: `parse` and `split` depend only on their arguments. An
adapter is one module or package under `channels/adapters/`, found by scanning; see `docs/adding-a-platform.md`.
"""

from channels.contract.adapter import Adapter, Capability, Grouping, parse_all
from channels.contract.config import Config, Field, FieldKind, Network
from channels.contract.issues import IssueNow, NewIssue
from channels.contract.lookup import MAX_HITS, Hit, LookupKind, Purpose
from channels.contract.mention import NO_MENTION, Attachment, Author, Json, Mention, digest, digest_of, inspect_record
from channels.contract.traffic import Document, Hook, HookAnswer, Item, Outgoing, Page, Receipt
from channels.contract.verbs import IncompleteAdapter

__all__ = [
    "MAX_HITS",
    "NO_MENTION",
    "Adapter",
    "Attachment",
    "Author",
    "Capability",
    "Config",
    "Document",
    "Field",
    "FieldKind",
    "Grouping",
    "Hit",
    "Hook",
    "HookAnswer",
    "IncompleteAdapter",
    "IssueNow",
    "Item",
    "Json",
    "LookupKind",
    "Mention",
    "Network",
    "NewIssue",
    "Outgoing",
    "Page",
    "Purpose",
    "Receipt",
    "digest",
    "digest_of",
    "inspect_record",
    "parse_all",
]
