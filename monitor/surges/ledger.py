"""Gathers what one advance of the core has to say, and hands it out sorted."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from monitor.surges.advance import Advance, Entry
from monitor.surges.blocks import Blocks
from monitor.surges.columns import SeriesIndex
from monitor.surges.minutes import moment_of
from monitor.surges.sliding import Entries
from monitor.surges.stories import StoryHead
from monitor.surges.surge import Surge
from monitor.surges.windows import MinuteCount, WindowCounts


class Ledger:
    """Rows in the making.

    Attributes:
        members: By article id, in the order of entering.
        entries: Everything counted.
        story_heads: By id, new or with one more member.
        ended_stories: Ids.
        surges: In the order in which they were said.
    """

    def __init__(self) -> None:
        self.members: dict[str, Entry] = {}
        self.entries: list[Entries] = []
        self.story_heads: dict[str, StoryHead] = {}
        self.ended_stories: list[str] = []
        self.surges: list[Surge] = []

    def expire(self, head: StoryHead) -> None:
        """Notes that a story has ended; what was to be written of it need not be."""
        self.story_heads.pop(head.story_id, None)
        self.ended_stories.append(head.story_id)

    def collect(self, now: datetime, index: SeriesIndex, blocks: Blocks) -> Advance:
        """Everything gathered, and what the blocks have written since they were last asked."""
        closed, baselines, dispersion = blocks.collect()
        return Advance(
            tick=now,
            members=self.members,
            minute_counts=minute_counts(self.entries, index),
            closed=closed,
            baselines=baselines,
            dispersion=dispersion,
            story_heads=tuple(self.story_heads[key] for key in sorted(self.story_heads)),
            ended_stories=tuple(sorted(self.ended_stories)),
            surges=tuple(self.surges),
        )


def minute_counts(entries: list[Entries], index: SeriesIndex) -> tuple[MinuteCount, ...]:
    """What was counted, by series and minute, in the order of both."""
    if not entries:
        return ()
    ids = np.concatenate([one.ids for one in entries])
    minutes = np.concatenate([np.full(len(one.ids), one.minute) for one in entries])
    dated = np.concatenate([np.full(len(one.ids), one.dated) for one in entries])
    negatives = np.concatenate([one.negatives for one in entries])
    offsets = np.concatenate([one.offsets for one in entries])
    keys, places = np.unique(np.stack([ids, minutes]), axis=1, return_inverse=True)
    sums = np.zeros((6, keys.shape[1]), dtype=np.int64)
    first = np.where(dated, 3, 0)
    for row, column in enumerate((np.ones(len(ids), dtype=np.int64), negatives, offsets)):
        np.add.at(sums, (first + row, places.ravel()), column)
    found = [
        MinuteCount(index.series[number], moment_of(minute), WindowCounts(n, k), WindowCounts(dn, dk), d, dd)
        for number, minute, n, k, d, dn, dk, dd in zip(*keys.tolist(), *sums.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda row: (row.series, row.minute)))
