"""The table of the push endpoint: what it answered under an `Idempotency-Key`.

It hangs on when programs posted, so it takes no part in the comparison of two runs.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from monitor.store.columns import Instant
from monitor.store.metadata import metadata

push_answers = Table(
    "push_answers",
    metadata,
    Column("key", Text, primary_key=True),  # the client's digest and its Idempotency-Key: ASCII
    Column("fingerprint", Text, nullable=False),  # of the request's body
    Column("claimed_at", Instant, nullable=False),
    Column("status", Integer, nullable=False),  # of HTTP
    Column("body", LargeBinary, nullable=False),
    Index(None, "claimed_at"),
)
