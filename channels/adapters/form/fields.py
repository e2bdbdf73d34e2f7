"""Admin form fields: how replies are sent, the website's signing secret, and each form."""

from __future__ import annotations

from channels.adapters.email.fields import CHANNEL_FIELDS as ALIAS_FIELDS
from channels.adapters.email.fields import CONNECTION_FIELDS as MAILBOX_FIELDS
from channels.contract import Field, FieldKind

_OF_MAILBOX = (
    "smtp_host",
    "smtp_port",
    "smtp_security",
    "smtp_user",
    "smtp_password",
    "default_domain",
    "reply_marker",
)

CONNECTION_FIELDS = (
    *(field for field in MAILBOX_FIELDS if field.name in _OF_MAILBOX),
    Field(
        "webhook_secret",
        "Webhook secret",
        "Your website signs its webhook calls with this. Empty: the webhook refuses everything.",
        FieldKind.SECRET,
    ),
)

CHANNEL_FIELDS = (
    Field("form_title", "Title of the form", "Shown above the form and in the subject. Empty: made from the alias."),
    Field("intro", "Introduction", "A sentence or two above the questions."),
    Field(
        "form_fields",
        "Questions",
        "One per line: name, * if required, kind | label | choices or help. Kinds: text, email, url, number, "
        "textarea, select, checkbox. Such as: school* | School or university — plan* select | Which plan? | Teaching; "
        "Research. Empty: name, email address, message. See docs/platforms/form.md.",
        FieldKind.LIST,
    ),
    Field("thanks", "Thank-you text", "Shown after the form is sent."),
    Field(
        "allowed_sites",
        "Sites that may embed the form",
        "One per line, such as https://www.acme.example; empty: none; people open the form at its own address.",
        FieldKind.LIST,
    ),
    Field(
        "program",
        "Program",
        "Its name, such as Education: each submission is an application, with states and a list. Empty: none.",
    ),
    Field("subject", "Subject of the conversation", "Uses answers by name, such as: Education: {school}."),
    *ALIAS_FIELDS,
)
