"""What the store would know of delivered items, for tests of alignment and settling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.surges.alignment import Alignment
from monitor.surges.settling import Counted, Fates, ItemKey, Settled, settle


class Ledger:
    """Settles batches as the surge worker does, and keeps each item's fate.

    Attributes:
        fates: By (source, position, stage of a dead letter), what became of the item and the article's id or reason.
        ticks: The times at which something was taken.
    """

    def __init__(self, partitions: int = 1) -> None:
        self.alignment = Alignment(range(partitions))
        self.articles: dict[str, ItemKey] = {}
        self.duplicates: set[ItemKey] = set()
        self.fates: dict[tuple[str, str, str], tuple[str, str]] = {}
        self.ticks: list[datetime] = []
        self.final = False

    def take_what_is_ready(self) -> None:
        ready = self.alignment.ready
        if ready is not None and (not self.ticks or ready > self.ticks[-1]):
            taken = self.alignment.take(ready)
            self.ticks.append(ready)
            self.final = taken.final
            self.settle([record for _, _, record in taken.records])

    def settle(self, records: Sequence[object]) -> Settled:
        settled = settle(records, self._load)
        for item in settled.new:
            key = (item.article.source, item.article.position)
            assert item.article.id not in self.articles
            self.articles[item.article.id] = key
            self._note((*key, ""), ("new", item.article.id))
        for duplicate in settled.duplicates:
            self.duplicates.add((duplicate.source, duplicate.position))
            self._note((duplicate.source, duplicate.position, ""), ("duplicate", duplicate.article_id))
        for letter in settled.dead_letters:
            # The store too keeps what it had of a letter that comes again.
            self.fates.setdefault((letter.source, letter.position, letter.stage), ("dead letter", letter.reason))
        return settled

    def _note(self, key: tuple[str, str, str], fate: tuple[str, str]) -> None:
        assert key not in self.fates, f"{key} is counted twice"
        self.fates[key] = fate

    def _load(self, items: Sequence[Counted]) -> Fates:
        ids = {item.article.id for item in items}
        keys = {(item.article.source, item.article.position) for item in items}
        known = {name: key for name, key in self.articles.items() if name in ids}
        return Fates(known, frozenset(self.duplicates & keys))
