"""What goes into the store and comes out of it, where no noun of another room says it already."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from monitor.alerts.alert import AlertState
from monitor.alerts.notice import Message
from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.surges.series import Series
from monitor.surges.windows import Window, WindowCounts


class CountedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article as the surge worker took it in.

    Attributes:
        item: What the classifier made of it.
        entered_at: UTC-aware; the tick that took it in.
        late: Whether it came after the windows of its event time had closed.
        story_id: Id of the first article of its chain of near-duplicates, itself included. None if unscored.
        novelty: 100 for the first of its chain, then less; see `StoryMember`. None if unscored.
    """

    item: ScoredArticle | UnscoredArticle
    entered_at: datetime
    late: bool
    story_id: str | None = None
    novelty: int | None = None


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """A delivered item whose article had already come under another source or position."""

    source: str
    position: str
    article_id: str
    first_seen_at: datetime


class Offset(msgspec.Struct, frozen=True):
    """The first message of a partition that is not in the tables; `topic_id` is Kafka's, as text."""

    topic_id: str
    topic: str
    partition: int
    next_offset: int


class Progress(msgspec.Struct, frozen=True):
    """How far a worker has come: all first seen before `tick` is in the tables; `final` once the stream has ended."""

    tick: datetime
    final: bool

    def ahead_of(self, now: datetime) -> timedelta:
        """How far the tick lies in the future, as after a jump of a clock; 0 below a minute: clocks differ."""
        ahead = self.tick - now
        return ahead if ahead >= timedelta(minutes=1) else timedelta(0)


class ClaimedNotification(msgspec.Struct, frozen=True):
    """A notification that one dispatcher may send now.

    Attributes:
        notification: What to send.
        attempts: Attempts begun, this one included; 1 for the first.
        first_attempt_at: UTC-aware wall clock of the first one.
    """

    notification: Message
    attempts: int
    first_attempt_at: datetime


class OutboxEntry(msgspec.Struct, frozen=True):
    """A notification and how its delivery stands; `status` is pending, delivered or dead."""

    notification: Message
    status: str
    attempts: int
    next_attempt_at: datetime
    delivered_at: datetime | None
    last_error: str | None


class AlertChange(msgspec.Struct, frozen=True):
    """A transition as it is kept: what an alert's state was, what it became, when, why."""

    alert_id: str
    number: int
    before: AlertState | None
    after: AlertState
    at: datetime
    why: str


class StoredArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article as it is kept; sentiment and topic are None where no model could read it.

    Mentions and embedding are as in `ScoredArticle`, and empty where the model that read it gave none. One that is
    `in_doubt` is negative, but too improbably to have been counted as such.
    """

    id: str
    source: str
    url: str
    title: str
    event_time: datetime
    entered_at: datetime
    late: bool
    topic: str | None
    sentiment: str | None
    negative: float | None
    neutral: float | None
    positive: float | None
    story_id: str | None
    novelty: int | None
    model_version: str | None
    mentions: tuple[Mention, ...] = ()
    embedding: bytes = b""
    in_doubt: bool = False

    @property
    def confidence(self) -> float | None:
        """Probability of the likeliest sentiment; None where no model could read it."""
        known = [share for share in (self.negative, self.neutral, self.positive) if share is not None]
        return max(known, default=None)


class Shares(msgspec.Struct, frozen=True):
    """Probabilities of the three sentiments, each in [0, 1]."""

    negative: float
    neutral: float
    positive: float

    @property
    def sentiment(self) -> str:
        """The most probable one; negative only if it is more probable than either of the others, as it is counted."""
        if self.negative > max(self.neutral, self.positive):
            return "negative"
        return "positive" if self.positive > self.neutral else "neutral"


class WindowArticle(StoredArticle, frozen=True, kw_only=True):
    """An article behind a point of a chart.

    Attributes:
        counted: Whether its story is one of those that the point counts: a story counts once, where its first article
            stands, not where its copies do.
        toward: The sentiment toward the entity of the chart's series; None where that has none.
    """

    counted: bool = True
    toward: Shares | None = None


class ClosedCount(msgspec.Struct, frozen=True, kw_only=True):
    """A window of a series as it closed, with what had been expected: shares in [0, 1], None while too young."""

    series: Series
    window: Window
    counts: WindowCounts
    expected_share: float | None
    low: float | None
    high: float | None


class SeriesTotal(msgspec.Struct, frozen=True):
    """What a series counted in a span of time."""

    series: Series
    counts: WindowCounts


class SourceTotal(msgspec.Struct, frozen=True):
    """What a source delivered in a span of event time, and the latest event time among it."""

    source: str
    articles: int
    latest: datetime


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """A sign of life of a worker.

    Attributes:
        name: Stable over restarts, such as `classify-1`.
        pid: Of its process on `host`.
        host: Name of the machine.
        started_at: UTC-aware wall clock.
        seen_at: UTC-aware wall clock of this sign.
        counters: Numbers for the health page, by name.
        note: One sentence, possibly empty.
    """

    name: str
    pid: int
    host: str
    started_at: datetime
    seen_at: datetime
    counters: dict[str, float] = {}
    note: str = ""

    def silent_for(self, now: datetime) -> timedelta:
        """How long ago the sign was given; one from the future is as far away, for nobody knows when that was."""
        return abs(now - self.seen_at)


class JobRun(msgspec.Struct, frozen=True):
    """One run of a scheduled job; `outcome` is succeeded or failed, None while it runs or after it was cut off."""

    id: int
    job: str
    scheduled_at: datetime
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    detail: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the store: delivered items by their fate, and what was made of them."""

    scored: int
    unscored: int
    duplicates: int
    dead_lettered: int
    late: int
    windows: int
    surges: int
    alerts_fired: int
    alerts_resolved: int
    notifications_delivered: int

    @property
    def articles_in(self) -> int:
        """Delivered items, each counted once under its one fate."""
        return self.scored + self.unscored + self.duplicates + self.dead_lettered
