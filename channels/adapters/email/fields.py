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
    Field("further_folders", "Further folders", "Read as well, such as the spam folder; one a line.", FieldKind.LIST),
    Field(
        "sent_folder",
        "Sent folder",
        "Where our own mail is filed. Answers written in a mail program are seen there; empty: they are not.",
    ),
    Field("append_sent", "File our replies there", "Switch off where the server does it itself (Gmail).",
          FieldKind.BOOLEAN, default=True),
    Field("history_days", "Days of history", "How far back the first poll reads; 0: everything.",
          FieldKind.INTEGER, default=30),
    Field("smtp_host", "SMTP server", "Where replies are handed over; empty: no replies from the desk."),
    Field("smtp_port", "SMTP port", "Empty: 465 with TLS from the start, 587 with STARTTLS, else 25.",
          FieldKind.INTEGER),
    Field("smtp_security", "SMTP security", kind=FieldKind.CHOICE, default="ssl", choices=_SECURITY),
    Field("smtp_user", "SMTP user", "Empty: no login."),
    Field("smtp_password", "SMTP password", kind=FieldKind.SECRET),
    Field("default_domain", "Our domain", "Mail from it is a colleague's; ids of our mails end in it."),
    Field(
        "trusted_authserv",
        "Trusted Authentication-Results",
        "The name that our mail server puts first in its Authentication-Results header. Only then can a mail prove "
        "that it is from us; empty: none can.",
    ),
    Field("attachment_max_bytes", "Largest attachment kept", "In bytes; of larger ones name and size are kept.",
          FieldKind.INTEGER, default=10 * 1024 * 1024),
    Field("reply_marker", "Mark our Reply-To", "Adds a +marker to the alias, where the mail server delivers such "
          "addresses: threads hold although a server changed our Message-ID.", FieldKind.BOOLEAN, default=False),
)  # fmt: skip

CHANNEL_FIELDS = (
    Field("from_name", "Name in From", "Beside the alias, such as “Acme Community”."),
    Field("signature", "Signature", "Below every reply from this alias."),
)
