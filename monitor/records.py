"""What travels between the stages beside articles: watermarks and dead letters, in band, so that order tells the truth.

A `Watermark` in a partition says that everything before it in that partition was seen before its time. Stages forward
it in order, so whoever has read a watermark from every partition has read all that was seen before it, however the work
in between was spread, delayed or repeated. A `DeadLetter` takes the place of what could not be read, so that every
delivered item is accounted for; a copy of it stands on the dead-letter topic, for operators and other programs.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from monitor.articles import WIRE_VERSION, Instant, WireVersion

Stage = Literal["ingest", "classify", "surges"]

MAX_ORIGINAL_BYTES = 65_536
"""How much of an unreadable item a dead letter keeps."""
MAX_REASON_CHARACTERS = 1_000
"""A reason may quote an address or a value of any length; of a longer one the beginning and the end are kept."""


class Watermark(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="watermark"):
    """All that stands before it in its partition was first seen before `time`.

    Attributes:
        time: UTC-aware.
        final: The stream ends here (a replay's last record); a live stream never sends it.
    """

    time: Instant
    final: bool = False
    v: WireVersion = WIRE_VERSION


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="dead_letter"):
    """An item that a stage could not take.

    Attributes:
        stage: Which stage refused it.
        reason: One sentence for a person: what is wrong, and where.
        source: As in `Article`; for what is not even an article, `topic/partition`.
        position: As in `Article`; for what is not even an article, its offset.
        seen_at: UTC-aware.
        original: The bytes as they came, cut to 65,536; base64 in JSON.
    """

    stage: Stage
    reason: str
    source: str
    position: str
    seen_at: Instant
    original: bytes = b""
    v: WireVersion = WIRE_VERSION


def short_reason(reason: str) -> str:
    """A reason that a person reads: itself, or its beginning and its end where it is too long."""
    if len(reason) <= MAX_REASON_CHARACTERS:
        return reason
    half = MAX_REASON_CHARACTERS // 2
    return f"{reason[:half]}…{reason[-half:]}"
