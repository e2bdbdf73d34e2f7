"""Admin form fields for a mailbox and each of its aliases."""

from __future__ import annotations

from channels.contract import Field, FieldKind

_SECURITY = (("ssl", "TLS from the start"), ("starttls", "STARTTLS"), ("plain", "no encryption"))

CONNECTION_FIELDS = (
    Field("imap_host", "IMAP server", "Where mail is read.", required=True),
    Field("imap_port", "IMAP port", "Empty: 993 with TLS from the start, else 143.", FieldKind.INTEGER),
    Field("imap_security", "IMAP security", kind=FieldKind.CHOICE, default="ssl", choices=_SECURITY),
    Field("imap_user", "IMAP user", required=True),
    Field("imap_password", "IMAP password", kind=FieldKind.SECRET, required=True),
    Field("inbox_folder", "Inbox folder", default="INBOX"),
    Field("further_folders", "Further folders", "Also read, such as the spam folder; one per line.", FieldKind.LIST),
    Field(
        "sent_folder",
        "Sent folder",
        "Where our sent mail is stored, so that the desk sees replies sent from a mail program. Empty: it does not see "
        "them.",
    ),
    Field("append_sent", "File our replies there", "Switch off where the server does it itself (Gmail).",
          FieldKind.BOOLEAN, default=True),
    Field("history_days", "Days of history", "How far back the first poll reads; 0: everything.",
          FieldKind.INTEGER, default=30),
    Field("smtp_host", "SMTP server", "Sends replies. Empty: no replies from the desk."),
    Field("smtp_port", "SMTP port", "Empty: 465 with TLS from the start, 587 with STARTTLS, else 25.",
          FieldKind.INTEGER),
    Field("smtp_security", "SMTP security", kind=FieldKind.CHOICE, default="ssl", choices=_SECURITY),
    Field("smtp_user", "SMTP user", "Empty: no login."),
    Field("smtp_password", "SMTP password", kind=FieldKind.SECRET),
    Field("default_domain", "Our domain", "Mail from this domain counts as ours; our Message-IDs end in it."),
    Field(
        "trusted_authserv",
        "Trusted Authentication-Results",
        "The name that our mail server puts first in its Authentication-Results header. It proves that a mail is "
        "ours. Empty: no mail can prove it.",
    ),
    Field("attachment_max_bytes", "Largest attachment kept", "In bytes. For larger ones, only name and size are kept.",
          FieldKind.INTEGER, default=10 * 1024 * 1024),
    Field("reply_marker", "Mark our Reply-To", "Adds a +marker to the alias, if the mail server delivers such "
        "addresses. Keeps threads together when a server changes our Message-ID.", FieldKind.BOOLEAN, default=False),
)  # fmt: skip

CHANNEL_FIELDS = (
    Field("from_name", "Name in From", "Shown with the alias, such as “Acme Community”."),
    Field("signature", "Signature", "Below every reply from this alias."),
)
