"""Web forms: an admin's own website submits them through a signed webhook, or people fill them in on the desk's own
page (`channels.webforms.form_page`). Replies go out by mail, and mail answers join the same conversation.

The webhook: POST, JSON or form-encoded, with `X-Desk-Timestamp` and `X-Desk-Signature` (`signing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from channels.adapters.email.sending.compose import compose
from channels.adapters.email.sending.smtp import check_smtp, deliver
from channels.adapters.form import signing
from channels.adapters.form.fields import CHANNEL_FIELDS, CONNECTION_FIELDS
from channels.adapters.form.language import read_lines
from channels.adapters.form.submission import id_of, item_of, read_body
from channels.clocks import desk_now
from channels.contract import (
    Adapter,
    Capability,
    Config,
    Document,
    Grouping,
    Hook,
    HookAnswer,
    Item,
    Json,
    Outgoing,
    Page,
    Receipt,
)
from channels.errors import Malformed, Rejected
from channels.toolkit.values import zoned_time_of


class FormAdapter(Adapter):
    platform = "form"
    is_private = True
    label = "Form"
    answering = ("They filled in our form, and nobody else reads it: send a draft, and we answer by mail.",)
    grouping = Grouping.THREAD
    capabilities = frozenset({Capability.WEBHOOK, Capability.SEND})
    is_polled = False
    expected_silence = timedelta(days=14)
    request_timeout_s = 150.0
    needs_sender = True
    fields = CONNECTION_FIELDS
    channel_fields = CHANNEL_FIELDS

    def namespace(self, config: Config) -> str:
        """Same as email: requesters continue by mail, in one conversation."""
        return "email"

    def documents(self, data: bytes, config: Config) -> Iterator[Document]:
        """A recorded webhook body."""
        yield read_body(data)

    def split(self, document: Document, config: Config) -> list[Item]:
        if not isinstance(document, dict):
            raise Malformed("the body must be a JSON object")
        body = repr(sorted(document.items(), key=lambda pair: str(pair[0]))).encode("utf-8", "replace")
        return [item_of(document, config, submission_id=id_of(document, "", body), at=_submitted_at(document, None))]

    def receive(self, config: Config, hook: Hook, now: datetime) -> HookAnswer:
        if hook.method != "POST":
            raise Malformed("Send the answers with POST.")
        at = signing.signed_at(config.secret("webhook_secret"), hook, now)
        document = read_body(hook.body, hook.headers.get("content-type", ""))
        submission_id = id_of(document, hook.headers[signing.TIMESTAMP].strip(), hook.body)
        named = hook.query.get("form", "")
        item = item_of(document, config, submission_id=submission_id, named=named, at=_submitted_at(document, at))
        if item.payload["form"]:
            return HookAnswer([item], 200, "Taken.\n")
        known = ", ".join(config.addresses) or "none yet"
        return HookAnswer([item], 200, f"Accepted, but it names no known form. Use one of: {known}.\n")

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        """Yields nothing: forms are pushed."""
        return iter(())

    def check(self, config: Config) -> str:
        for address in config.addresses:
            unclear = read_lines(config.channel_settings.get(address, {}).get("form_fields"))[1]
            if unclear:
                raise Rejected(f"Some questions of {address} are not valid: {' '.join(unclear[:3])}")
        forms = f"{len(config.addresses)} forms" if len(config.addresses) != 1 else "One form"
        secret = "" if config.secret("webhook_secret") else " No webhook secret is set, so the webhook accepts nothing."
        return f"{forms}. {check_smtp(config)}{secret}"

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        """Raises Uncertain if the whole mail was sent but no answer came: SMTP can't be queried afterwards."""
        now = desk_now()
        envelope = compose(outgoing, config, now)
        deliver(config, envelope)
        return Receipt(envelope.message_id, posted_at=now)


def _submitted_at(document: dict[str, Json], signed_at: datetime | None) -> datetime | None:
    """Submission time, if the website gives one (ISO 8601 with a zone) that isn't in the future."""
    at = zoned_time_of(document.get("submitted_at"))
    # Signed times are in whole seconds.
    if at is None or (signed_at is not None and at >= signed_at + timedelta(seconds=1)):
        return signed_at
    return at
