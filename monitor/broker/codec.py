"""Records to bytes and back: JSON, one record a message, its kind in `type`, its schema version in `v`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from monitor.articles import Article
from monitor.broker.seams import Record
from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.records import MAX_ORIGINAL_BYTES, DeadLetter, Stage, Watermark, short_reason

ArticlesRecord = Article | Watermark | DeadLetter
"""What the `articles` topic carries."""
ScoredRecord = ScoredArticle | UnscoredArticle | Watermark | DeadLetter
"""What the `scored` topic carries."""

TOPIC_TYPES: dict[str, Any] = {"articles": ArticlesRecord, "scored": ScoredRecord, "dead-letters": DeadLetter}

_Kind = TypeVar("_Kind")
_encoder = msgspec.json.Encoder()
_articles = msgspec.json.Decoder(ArticlesRecord)
_scored = msgspec.json.Decoder(ScoredRecord)
_dead_letters = msgspec.json.Decoder(DeadLetter)

DecodeError = msgspec.DecodeError
"""Raised by the decoders for bytes that are not such a record, or are one of another schema version."""


def encode(record: ArticlesRecord | ScoredRecord) -> bytes:
    """The record as one JSON object in UTF-8."""
    return _encoder.encode(record)


def decode_article(value: bytes) -> ArticlesRecord:
    """Reads a message of the `articles` topic.

    Raises:
        DecodeError: The bytes are no such record, or one of another schema version.
    """
    record: ArticlesRecord = _decoded(_articles, value)
    return record


def decode_scored(value: bytes) -> ScoredRecord:
    """Reads a message of the `scored` topic.

    Raises:
        DecodeError: The bytes are no such record, or one of another schema version.
    """
    record: ScoredRecord = _decoded(_scored, value)
    return record


def decode_dead_letter(value: bytes) -> DeadLetter:
    """Reads a message of the `dead-letters` topic.

    Raises:
        DecodeError: The bytes are no such record, or one of another schema version.
    """
    return _decoded(_dead_letters, value)


def unreadable(stage: Stage, record: Record, expected: str, error: Exception, now: datetime) -> DeadLetter:
    """The dead letter of a message that a decoder refused.

    Args:
        stage: Which stage read it.
        record: The message.
        expected: What it should have been, such as "scored record".
        error: What the decoder said.
        now: UTC-aware wall clock.
    """
    place = f"{record.topic}/{record.partition}"
    return DeadLetter(
        stage=stage,
        reason=f"Message {record.offset} of {place} is no {expected}: {short_reason(str(error))}.",
        source=place,
        position=str(record.offset),
        seen_at=now,
        original=record.value[:MAX_ORIGINAL_BYTES],
    )


def json_schema(topic: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a topic's messages; `docs/schemas/` holds these."""
    schema = msgspec.json.schema(TOPIC_TYPES[topic])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Messages of the {topic} topic",
        **schema,
    }


def _decoded(decoder: msgspec.json.Decoder[_Kind], value: bytes) -> _Kind:
    try:
        return decoder.decode(value)
    except (UnicodeDecodeError, RecursionError) as error:
        # Text that is not UTF-8, and brackets nested by the thousand: no reason for a stage to die over a message.
        raise DecodeError(str(error)) from error
