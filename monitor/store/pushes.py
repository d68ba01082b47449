"""What the store keeps for the push endpoint: its answers under an `Idempotency-Key`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from monitor.ingest.push.answers_kept import KeptAnswer
from monitor.store.schema_push import push_answers
from monitor.store.upserts import upsert


def keep_answer(connection: Connection, key: str, answer: KeptAnswer, forget_before: datetime) -> None:
    """Keep an answer, in place of an older one under its key, and delete those that were claimed too long ago.

    Args:
        connection: In a write transaction.
        key: Of the client and its request.
        answer: That was given.
        forget_before: UTC-aware; what was claimed before this instant goes.
    """
    connection.execute(delete(push_answers).where(push_answers.c.claimed_at < forget_before))
    row = {
        "key": key,
        "fingerprint": answer.fingerprint,
        "claimed_at": answer.claimed_at,
        "status": answer.status,
        "body": answer.body,
    }
    upsert(connection, push_answers, [row])


def read_answers(connection: Connection, since: datetime) -> list[tuple[str, KeptAnswer]]:
    """Answers whose key was claimed at `since` or later, with their keys, oldest first."""
    chosen = select(push_answers).where(push_answers.c.claimed_at >= since)
    return [
        (row.key, KeptAnswer(fingerprint=row.fingerprint, claimed_at=row.claimed_at, status=row.status, body=row.body))
        for row in connection.execute(chosen.order_by(push_answers.c.claimed_at, push_answers.c.key))
    ]
