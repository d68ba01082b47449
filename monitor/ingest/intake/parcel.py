"""All that one fetch changes: what is to be published, and what the store must know of it.

A parcel with news lies in the spool before the store takes it in, and leaves the spool once Kafka has its records. The
store takes a parcel in once, whatever was killed in between, because it knows its id.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from monitor.articles import Instant
from monitor.ingest.intake.accounts import Accounts
from monitor.ingest.intake.health import Assessment, Verdict
from monitor.ingest.intake.history import History
from monitor.ingest.sources.source import SourceState


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """An article, or a dead letter, that goes on: whatever has its id from now on was seen before."""

    id: str
    event_time: Instant | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a source stands.

    Attributes:
        name: Of the source.
        kind: Of its settings.
        state: Where to go on.
        history: How it went so far.
        verdict: What was last said of it; None before the first poll.
        why: One sentence.
        next_poll_at: As planned after the last one.
    """

    name: str
    kind: str
    state: SourceState = SourceState()
    history: History = History()
    verdict: Verdict | None = None
    why: str = ""
    next_poll_at: Instant | None = None

    @property
    def awaited(self) -> bool:
        """Whether it has not answered yet, and nothing else is said of it: neither well nor ill."""
        return (self.verdict or Verdict.HEALTHY) is Verdict.HEALTHY and self.history.last_success is None

    def assessed(self, assessment: Assessment | None) -> Standing:
        """With another verdict."""
        if assessment is None:
            return self
        return msgspec.structs.replace(self, verdict=assessment.verdict, why=assessment.why)


class VerdictChange(msgspec.Struct, frozen=True, kw_only=True):
    """A source is better or worse than it was."""

    source: str
    before: Verdict | None
    after: Verdict
    why: str
    at: Instant

    @property
    def worse(self) -> bool:
        """Whether someone should be told."""
        return self.after.severity > (self.before.severity if self.before else 0)


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One fetch, taken in.

    Attributes:
        id: Unique.
        at: UTC-aware; when it was taken in. Every record of it was first seen at this instant.
        records: Articles and dead letters for Kafka, encoded.
        seen: Their ids.
        again: Ids that were seen before and came again.
        accounts: What became of the items.
        failure: Why there are none; empty where nothing failed.
        detail: The failure in a sentence.
        standing: Of the source after it.
        change: Of the verdict; None where it stays.
    """

    id: str
    at: Instant
    standing: Standing
    accounts: Accounts = Accounts()
    records: tuple[bytes, ...] = ()
    seen: tuple[Seen, ...] = ()
    again: tuple[str, ...] = ()
    failure: str = ""
    detail: str = ""
    change: VerdictChange | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Parcel)


def encode_parcel(parcel: Parcel) -> bytes:
    """The parcel as the spool keeps it."""
    return _encoder.encode(parcel)


def decode_parcel(record: bytes) -> Parcel:
    """Reads it back."""
    return _decoder.decode(record)


def change_of(standing: Standing, after: Assessment | None, at: datetime) -> VerdictChange | None:
    """What there is to tell of a new assessment: nothing while the verdict stays, nor of a first one that is good."""
    if after is None or after.verdict is (standing.verdict or Verdict.HEALTHY):
        return None
    return VerdictChange(source=standing.name, before=standing.verdict, after=after.verdict, why=after.why, at=at)
