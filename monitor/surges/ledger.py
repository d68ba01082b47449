"""Gathers what one advance of the core has to say, and hands it out sorted."""

from __future__ import annotations

from datetime import datetime

from monitor.surges.advance import Advance, Entry
from monitor.surges.blocks import Blocks
from monitor.surges.counting import DATED_NEGATIVES, DATED_STORIES, TIMED_NEGATIVES, TIMED_STORIES
from monitor.surges.minutes import moment_of
from monitor.surges.series import Series
from monitor.surges.stories import StoryHead
from monitor.surges.surge import Surge
from monitor.surges.windows import MinuteCount, WindowCounts


class Ledger:
    """Rows in the making.

    Attributes:
        members: By article id, in the order of entering.
        minutes: The live bucket of every minute touched: it goes on changing until `collect`.
        additions: What to add to minutes that are no longer remembered.
        story_heads: By id, new or with one more member.
        ended_stories: Ids.
        surges: In the order in which they were said.
    """

    def __init__(self) -> None:
        self.members: dict[str, Entry] = {}
        self.minutes: dict[tuple[Series, int], list[int]] = {}
        self.additions: dict[tuple[Series, int], list[int]] = {}
        self.story_heads: dict[str, StoryHead] = {}
        self.ended_stories: list[str] = []
        self.surges: list[Surge] = []

    def add(self, series: Series, minute: int, timed: tuple[int, int], dated: tuple[int, int]) -> None:
        """Notes stories of a minute so old that its bucket is gone."""
        cell = self.additions.setdefault((series, minute), [0, 0, 0, 0])
        for i, more in enumerate((*timed, *dated)):
            cell[i] += more

    def expire(self, head: StoryHead) -> None:
        """Notes that a story has ended; what was to be written of it need not be."""
        self.story_heads.pop(head.story_id, None)
        self.ended_stories.append(head.story_id)

    def collect(self, now: datetime, blocks: Blocks) -> Advance:
        """Everything gathered, and what the blocks have written since they were last asked."""
        closed, blocks.closed = blocks.closed, {}
        baselines, blocks.baselines = blocks.baselines, {}
        return Advance(
            tick=now,
            members=self.members,
            minute_counts=tuple(_row(key, self.minutes[key]) for key in sorted(self.minutes)),
            minute_additions=tuple(_row(key, self.additions[key]) for key in sorted(self.additions)),
            closed=tuple(closed[key] for key in sorted(closed)),
            baselines=tuple(baselines[key] for key in sorted(baselines)),
            story_heads=tuple(self.story_heads[key] for key in sorted(self.story_heads)),
            ended_stories=tuple(sorted(self.ended_stories)),
            surges=tuple(self.surges),
        )


def _row(key: tuple[Series, int], cell: list[int]) -> MinuteCount:
    series, minute = key
    timed = WindowCounts(cell[TIMED_STORIES], cell[TIMED_NEGATIVES])
    dated = WindowCounts(cell[DATED_STORIES], cell[DATED_NEGATIVES])
    return MinuteCount(series, moment_of(minute), timed, dated)
