"""What a series' own past lets expect: its mean negative share, how much that varies, and how well both are known.

A baseline learns from disjoint blocks (windows counted from the epoch) of its series, each once, a guard time after its
end. It keeps seven exponentially forgetting sums, from which mean and overdispersion follow; nothing else of the past.
Young series borrow: a topic's mean starts from that of all news, and that from a global prior, each worth
`prior_stories`. A series may stand out only once its own baseline is mature (`minimum_history_stories` learnt over at
least `minimum_history_days`), however striking its first hours look.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from monitor.surges.statistics import Beta, estimate_overdispersion, outlier_weight, predictive, residual, share_band
from monitor.surges.windows import Window, WindowCounts

_DAY = timedelta(days=1)
_SMALLEST_SHARE = 0.005
"""Means are kept this far from 0 and 1: no topic of news can be trusted never to turn negative."""


class BaselineState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of a series' past at one window length; restores exactly (64-bit floats).

    A block's counts enter the last five sums with weight `c = w / (1 + (n - 1) r)`: w for its age and for being
    ordinary, the rest (Williams 1982) so that one day with many stories does not outweigh many days.

    Attributes:
        series: Whose.
        window_minutes: Length of its blocks.
        since: UTC-aware start of the first block learnt.
        as_of: UTC-aware end of the last block learnt; the sums are as they stood then.
        stories: Sum of w n: stories learnt from, forgetting counted.
        information: Sum of c n: how many independent stories the mean rests on.
        negatives: Sum of c k.
        squared_negatives: Sum of c k^2.
        crossed: Sum of c k n.
        squared_stories: Sum of c n^2.
    """

    series: Series
    window_minutes: int
    since: datetime
    as_of: datetime
    stories: float = 0.0
    information: float = 0.0
    negatives: float = 0.0
    squared_negatives: float = 0.0
    crossed: float = 0.0
    squared_stories: float = 0.0


class Expectation(msgspec.Struct, frozen=True):
    """What a baseline expects of the next block or window.

    Attributes:
        mean: Negative share, in (0, 1).
        overdispersion: Intraclass correlation within a block, in [floor, cap].
        law: Of a new window's share; covers both the variation between blocks and the uncertainty of the mean.
        mature: Whether enough was learnt for the series to stand out.
        as_of: UTC-aware end of the newest block that it rests on; None when it is all prior.
    """

    mean: float
    overdispersion: float
    law: Beta
    mature: bool
    as_of: datetime | None

    def band(self, stories: int, coverage: float) -> tuple[float, float]:
        """Low and high end of the share expected at this volume."""
        return share_band(stories, self.law, coverage)


def expect(state: BaselineState | None, parent: Expectation | None, rules: SurgeRules) -> Expectation:
    """What the past lets expect.

    Args:
        state: Of the series; None before its first lesson.
        parent: Of all news at the same window length, for a series that is part of it; None for all news itself.
        rules: Priors, floors and what maturity takes.
    """
    prior_mean = parent.mean if parent else rules.prior_share
    prior_spread = parent.overdispersion if parent else rules.prior_overdispersion
    if state is None:
        law = predictive(prior_mean, prior_spread, rules.prior_stories)
        return Expectation(prior_mean, prior_spread, law, False, parent.as_of if parent else None)
    # A series that has fallen silent ages by the clock of all news, which goes on learning.
    as_of = max(state.as_of, parent.as_of) if parent and parent.as_of else state.as_of
    fade = _fade(as_of - state.as_of, rules)
    known = fade * state.information
    mean = (fade * state.negatives + rules.prior_stories * prior_mean) / (known + rules.prior_stories)
    mean = min(max(mean, _SMALLEST_SHARE), 1.0 - _SMALLEST_SHARE)
    # The squared sums are far from cancelling: residuals are a visible share of the counts, rounding is not (1e-16).
    squares = state.squared_negatives - 2.0 * mean * state.crossed + mean * mean * state.squared_stories
    pairs = fade * (state.squared_stories - state.information)
    estimate = estimate_overdispersion(
        fade * squares / (mean * (1.0 - mean)), known, pairs, rules.prior_overdispersion, rules.prior_pairs
    )
    spread = min(max(estimate, rules.overdispersion_floor), rules.overdispersion_cap)
    law = predictive(mean, spread, known + rules.prior_stories)
    mature = (
        fade * state.stories >= rules.minimum_history_stories
        and (state.as_of - state.since) / _DAY >= rules.minimum_history_days
    )
    return Expectation(mean, spread, law, mature, as_of)


def lesson_weight(counts: WindowCounts, expected: Expectation, rules: SurgeRules) -> float:
    """How much a block teaches, in (0, 1]: less the more it stands out above what was expected."""
    if counts.negatives <= counts.stories * expected.mean:
        return 1.0
    score = residual(counts.negatives, counts.stories, expected.law)
    return outlier_weight(score, rules.weight_threshold)


def learn(
    state: BaselineState | None,
    series: Series,
    block: Window,
    counts: WindowCounts,
    weight: float,
    spread: float,
    rules: SurgeRules,
) -> BaselineState:
    """The baseline after one more block.

    Args:
        state: As it was; None before the first lesson.
        series: Whose block it is.
        block: No older than any block learnt before.
        counts: In that block; at least one story.
        weight: See `lesson_weight`.
        spread: Overdispersion expected before this lesson, in [0, 1).
        rules: Half-life.
    """
    c = weight / (1.0 + (counts.stories - 1) * spread)
    n, k = float(counts.stories), float(counts.negatives)
    if state is None:
        minutes = block.length // timedelta(minutes=1)
        state = BaselineState(series=series, window_minutes=minutes, since=block.start, as_of=block.end)
    fade = _fade(block.end - state.as_of, rules)
    return BaselineState(
        series=series,
        window_minutes=state.window_minutes,
        since=state.since,
        as_of=block.end,
        stories=fade * state.stories + weight * n,
        information=fade * state.information + c * n,
        negatives=fade * state.negatives + c * k,
        squared_negatives=fade * state.squared_negatives + c * k * k,
        crossed=fade * state.crossed + c * k * n,
        squared_stories=fade * state.squared_stories + c * n * n,
    )


def _fade(age: timedelta, rules: SurgeRules) -> float:
    return float(0.5 ** (age / _DAY / rules.half_life_days))
