"""Every message in words and in JSON, whatever it is about: of alerts as `wording` says it, of sources as here."""

from __future__ import annotations

from datetime import datetime
from shlex import quote
from typing import Any, Literal

import msgspec

from monitor.alerts import wording
from monitor.alerts.notice import Message, SourceNotice
from monitor.alerts.wording import PAYLOAD_VERSION, Payload, clean, moment


class SourcePayload(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook receives of a source that got worse: one JSON object.

    Attributes:
        version: Of this schema.
        id: Of the notice; a repeat has the same one.
        kind: `source`.
        receiver: Name of the receiver in the settings.
        title: One line.
        text: Some lines.
        source: Name of the source in the settings.
        before: Its verdict until then; empty where there was none.
        after: late, empty, stale, changed, blocked or dead.
        why: One sentence.
        at: UTC; when it was noticed.
    """

    version: Literal[1] = PAYLOAD_VERSION
    id: str
    kind: Literal["source"] = "source"
    receiver: str
    title: str
    text: str
    source: str
    before: str
    after: str
    why: str
    at: datetime


def title(message: Message) -> str:
    """One line that says what happened, readable without its context."""
    if isinstance(message, SourceNotice):
        return f"Source {clean(message.source, 100)} is {message.after}"
    return wording.title(message)


def text(message: Message) -> str:
    """The whole message, some lines of plain text; the first is the title."""
    if isinstance(message, SourceNotice):
        was = f" It was {message.before} before." if message.before else ""
        noticed = f"Noticed at {moment(message.created_at)}.{was}"
        return "\n".join(
            [
                title(message),
                "",
                clean(message.why),
                noticed,
                f"See: monitor sources show {quote(clean(message.source))}",
            ]
        )
    return wording.text(message)


def payload(message: Message) -> Payload | SourcePayload:
    """The message as the object that webhooks post."""
    if isinstance(message, SourceNotice):
        return SourcePayload(
            id=message.id,
            receiver=message.receiver,
            title=title(message),
            text=text(message),
            source=clean(message.source),
            before=message.before,
            after=message.after,
            why=clean(message.why),
            at=message.created_at,
        )
    return wording.payload(message)


def payload_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what webhooks post; `docs/schemas/notification.json` holds it."""
    kinds, components = msgspec.json.schema_components([Payload, SourcePayload], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Notification of an alert, or of a source",
        "anyOf": list(kinds),
        "$defs": components,
    }
