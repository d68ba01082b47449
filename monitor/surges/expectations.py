"""The baselines of all series and what they expect now: young series borrow from all news."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.surges.baseline import BaselineState, Expectation, expect, learn
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.windows import Window, WindowCounts

_Reckoned = tuple[BaselineState | None, Expectation | None, Expectation]


class Expectations:
    """Baselines by series and window length, and the expectations that follow from them, reckoned when asked for.

    Args:
        rules: How to learn, and what maturity takes.
        states: As stored; those of window lengths that the rules no longer know are passed over.
    """

    def __init__(self, rules: SurgeRules, states: Iterable[BaselineState]) -> None:
        self._rules = rules
        self._states: dict[int, dict[Series, BaselineState]] = {length: {} for length in rules.window_minutes}
        self._reckoned: dict[int, dict[Series, _Reckoned]] = {length: {} for length in rules.window_minutes}
        for state in states:
            if state.window_minutes in self._states:
                self._states[state.window_minutes][state.series] = state

    def of(self, series: Series, length: int) -> Expectation:
        """What the past lets expect of a series' windows of this many minutes."""
        return self._reckon(series, length, None if series == ALL else self._reckon(ALL, length, None))

    def learn(self, series: Series, block: Window, length: int, counts: WindowCounts, weight: float) -> BaselineState:
        """Takes in a block with this weight; every series borrows from all news, so all expectations may move by it."""
        states = self._states[length]
        spread = self.of(series, length).overdispersion
        state = states[series] = learn(states.get(series), series, block, counts, weight, spread, self._rules)
        return state

    def _reckon(self, series: Series, length: int, parent: Expectation | None) -> Expectation:
        """Anew only where the state or what it borrows from is another object than the last time."""
        state = self._states[length].get(series)
        known = self._reckoned[length].get(series)
        if known is not None and known[0] is state and known[1] is parent:
            return known[2]
        expectation = expect(state, parent, self._rules)
        self._reckoned[length][series] = (state, parent, expectation)
        return expectation
