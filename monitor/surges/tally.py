"""Counts stories in all their series, learns what is usual, and says what is not: windows and statistics as one.

What it is fed are entries, stories already told apart from their copies; `monitor.surges.core` makes them of articles.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.surges.assessing import Assessor
from monitor.surges.baseline import Baselines
from monitor.surges.blocks import Blocks
from monitor.surges.columns import SeriesIndex
from monitor.surges.dispersion import DispersionState
from monitor.surges.lessons import BaselineState
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Kind
from monitor.surges.sliding import Entries, SlidingWindows
from monitor.surges.surge import Surge


class Tally:
    """All series at once.

    Args:
        rules: What it takes to stand out.
        end: Where the windows end at first, in minutes since the epoch.
        baselines: As stored.
        dispersion: As stored.
    """

    def __init__(
        self,
        rules: SurgeRules,
        end: int,
        baselines: tuple[BaselineState, ...] = (),
        dispersion: tuple[DispersionState, ...] = (),
    ) -> None:
        self._rules = rules
        self.index = SeriesIndex()
        self.baselines = Baselines(self.index, rules, baselines, dispersion)
        self.windows = SlidingWindows(self.index, rules.window_minutes, end)
        self.blocks = Blocks(self.index, rules, self.baselines)
        self.assessor = Assessor(self.index, rules, self.windows, self.blocks, self.baselines)

    @property
    def due(self) -> int | None:
        """The next minute at which something changes by itself."""
        dues = [self.blocks.due, self.windows.next_leave if self.assessor.watching else None]
        return min((due for due in dues if due is not None), default=None)

    def slide(self, end: int) -> None:
        """Moves all windows to end at `end`, never back."""
        self.assessor.lose(self.windows.slide(end))

    def enter(self, entries: Iterable[Entries], end: int) -> None:
        """Counts stories at the step whose windows end at `end`, to which they have been slid.

        Those of minutes that nothing remembers any more change no verdict and no lesson.
        """
        for one in entries:
            if one.minute < end - self._rules.memory_minutes:
                continue
            self.blocks.add(one, end)
            self.windows.enter(self._counted(one))
            self.assessor.touch(self._judged(one))
        self.blocks.correct()

    def assess(self, end: int) -> list[Surge]:
        """Settles blocks, then assesses what may have changed, at the whole minute `end`."""
        self.slide(end)
        moved = self.blocks.settle(end)
        return self.assessor.assess(end, everything=moved)

    def restore(self, entries: Iterable[Entries], settled: int) -> None:
        """Counts anew what stood after the last whole minute."""
        for one in entries:
            self.windows.enter(self._counted(one))
            self.blocks.add(one, settled + 1)
        self.blocks.disregard_corrections()

    def _judged(self, entries: Entries) -> Entries:
        """Without what only explains others."""
        return entries.of(self.index.kinds[entries.ids] != Kind.COVARIATE)

    def _counted(self, entries: Entries) -> Entries:
        """With sources, of whose mix windows must know, and without what else only explains others."""
        kept = (self.index.kinds[entries.ids] != Kind.COVARIATE) | self.index.of_sources[entries.ids]
        return entries.of(kept)
