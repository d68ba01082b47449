"""What a receiver is told of a source that got worse: nothing about the news, all about whether it still comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from monitor.alerts.alert import Notification
from monitor.alerts.routing import Receiver, Route, route_labels
from monitor.articles import article_id


class SourceNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One worsening of one source, for one receiver; sent at least once, with an id that lets it drop repeats.

    Attributes:
        id: Deterministic from the change and the receiver; stable over retries.
        receiver: Name of the receiver.
        kind: `source`, where a notification of an alert says `firing` or `resolved`.
        source: Name of the source.
        before: Its verdict until then; empty where there was none.
        after: Its verdict now.
        why: One sentence.
        created_at: UTC-aware; when it was noticed.
    """

    id: str
    receiver: str
    kind: Literal["source"] = "source"
    source: str
    before: str
    after: str
    why: str
    created_at: datetime


Message = Notification | SourceNotice
"""What the outbox holds and channels send."""


class Worsening(msgspec.Struct, frozen=True, kw_only=True):
    """A source got worse; none does so twice at one instant.

    Attributes:
        at: UTC-aware; when it was noticed.
    """

    source: str
    before: str
    after: str
    why: str
    at: datetime

    def id_for(self, receiver: str) -> str:
        """The same for every attempt; not that of any other, also where a store was made anew or restored."""
        return article_id("source", self.source, self.before, self.after, self.at.isoformat(), receiver)


def labels_of_source(worsening: Worsening) -> dict[str, str]:
    """The labels that the matchers of routes see."""
    return {"kind": "source", "source": worsening.source, "verdict": worsening.after}


def notices(
    worsenings: Sequence[Worsening], receivers: Sequence[Receiver], routes: Sequence[Route]
) -> list[SourceNotice]:
    """Decides who is told of sources that got worse; what no route matches goes to every receiver.

    Returns:
        In the order of the worsenings, then of the receivers.
    """
    names = [receiver.name for receiver in receivers]
    return [
        SourceNotice(
            id=worsening.id_for(receiver),
            receiver=receiver,
            source=worsening.source,
            before=worsening.before,
            after=worsening.after,
            why=worsening.why,
            created_at=worsening.at,
        )
        for worsening in worsenings
        for receiver in route_labels(labels_of_source(worsening), routes, names).receivers
    ]
