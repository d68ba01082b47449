"""What the past of every series lets expect: its usual negative share, how often it is told of, how sure both are.

Baselines learn from disjoint blocks (a day each, counted from the epoch), each once, a guard time after its end. Of a
series they keep a handful of exponentially forgetting sums, nothing else of the past. Young series borrow: a topic
starts from all news, a company from all companies, a topic of a company from that topic with the odds by which
companies differ from all news, each worth `prior_stories`; and of a company that was never seen it is known all the
same how rarely it was (DuMouchel 1999, Am. Stat. 53:177, for the gamma prior). All news and topics may stand out only
once their own baseline is mature; a company once all news is, as it is then told apart by how often it was named.
"""

from __future__ import annotations

from math import fsum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from monitor.surges.columns import Columns, Ids, SeriesIndex
from monitor.surges.dispersion import POOL_OF, Dispersion, DispersionState
from monitor.surges.lessons import BaselineState, Expectations, Lessons
from monitor.surges.minutes import minute_of, moment_of
from monitor.surges.mix import Mix
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.series import Kind
from monitor.surges.statistics import (
    Array,
    Beta,
    Numbers,
    cluster_size,
    deviations,
    log_likelihood_ratio,
    log_volume_tail,
    outlier_weight,
    own_overdispersion,
    predictive,
    raised,
    residual,
)

SMALLEST_SHARE: Final = 0.005
"""Means are kept this far from 0 and 1: no topic of news can be trusted never to turn negative."""

NEVER: Final = -1
"""In place of a minute."""

_ALL = 0  # number of all news in every index

_NUMBERS = ("stories", "information", "negatives", "spread", "pairs", "spread_known", "volume", "build")
_MOMENTS = ("since", "as_of", "build_since", "build_as_of")


class Baselines:
    """The baselines of all series.

    Args:
        index: Which numbers the series.
        rules: How to learn, and what maturity takes.
        states: As stored; of another block length than that of the rules they are passed over.
        dispersion: Likewise.
    """

    def __init__(
        self,
        index: SeriesIndex,
        rules: SurgeRules,
        states: tuple[BaselineState, ...] = (),
        dispersion: tuple[DispersionState, ...] = (),
    ) -> None:
        self._index = index
        self._rules = rules
        self.dispersion = Dispersion(rules, dispersion)
        self.learnt = 0
        """How many blocks were learnt: what is expected of a series stays the same while this does."""
        moment, number = ((), np.int64, NEVER), ((), np.float64, 0.0)
        self._columns = Columns(
            index,
            **dict.fromkeys(_NUMBERS, number),
            **dict.fromkeys(_MOMENTS, moment),
        )
        for state in states:
            if state.window_minutes == rules.block_minutes:
                self._restore(state)

    def _restore(self, state: BaselineState) -> None:
        place, columns = self._index.number(state.series), self._columns
        for name in _NUMBERS:
            columns[name][place] = getattr(state, name)
        for name in _MOMENTS:
            moment = getattr(state, name)
            columns[name][place] = NEVER if moment is None else minute_of(moment)

    def states(self, ids: Ids) -> list[BaselineState]:
        """The rows of some series."""
        return [self._state(place) for place in ids.tolist()]

    def _state(self, place: int) -> BaselineState:
        fields: dict[str, Any] = {name: float(self._columns[name][place]) for name in _NUMBERS}
        for name in _MOMENTS:
            minute = int(self._columns[name][place])
            fields[name] = None if minute == NEVER else moment_of(minute)
        return BaselineState(series=self._index.series[place], window_minutes=self._rules.block_minutes, **fields)

    @property
    def clock(self) -> int:
        """End of the newest block that all news has learnt from, in minutes; `NEVER` before any."""
        return int(self._columns["as_of"][_ALL])

    def expect(self, ids: Ids) -> Expectations:
        """What the past lets expect of some series now."""
        rules, columns = self._rules, self._columns
        whole = self._mean_of_all()
        kinds = self._index.kinds[ids]
        borrowed = self._borrowed(ids, kinds, whole)
        fade = self._fades(ids)
        prior = np.where(kinds == Kind.COVARIATE, rules.prior_covariate_stories, rules.prior_stories)
        mean = np.where(ids == _ALL, whole, self._mean(ids, prior, borrowed))
        exposure = float(columns["volume"][_ALL])
        stories = rules.prior_rate_stories + fade * columns["volume"][ids]
        own, about_one = self._has_past(ids, fade), POOL_OF[kinds] == Kind.ENTITY
        all_has = bool(self._has_past(np.array([_ALL]), np.ones(1))[0]) and exposure >= rules.minimum_exposure_stories
        return Expectations(
            mean=mean,
            information=fade * columns["information"][ids] + prior,
            rate=stories / (np.where(about_one, rules.prior_rate_exposure, 1.0) + exposure),
            known=stories,
            mature=np.where(about_one, all_has, own),
            kinds=kinds,
            unruly=self._unruly(ids, kinds, fade),
            often=fade * columns["stories"][ids] >= rules.often_heard_stories,
        )

    def _unruly(self, ids: Ids, kinds: npt.NDArray[np.int8], fade: Array) -> Array:
        rules, columns = self._rules, self._columns
        usual = self.dispersion.share_of(kinds, rules.block_minutes)
        names = ("spread", "stories", "pairs", "spread_known")
        spread, stories, pairs, known = (fade * columns[name][ids] for name in names)
        own = own_overdispersion(spread, stories, pairs, known, usual, rules.prior_unruliness)
        found: Array = np.clip(own, rules.overdispersion_floor, rules.overdispersion_cap) / usual
        return found

    def _mean_of_all(self) -> float:
        rules = self._rules
        negatives, known = float(self._columns["negatives"][_ALL]), float(self._columns["information"][_ALL])
        return _possible((negatives + rules.prior_stories * rules.prior_share) / (known + rules.prior_stories))

    def _borrowed(self, ids: Ids, kinds: npt.NDArray[np.int8], whole: float) -> Array:
        """The means from which series start."""
        companies = _possible(self.dispersion.mean_of_companies(whole))
        odds = companies * (1.0 - whole) / (whole * (1.0 - companies))
        topics = self._mean(self._index.parents[ids], self._rules.prior_stories, whole)
        of_topics = raised(topics, odds) if odds != 1.0 else topics
        one, part = kinds == Kind.ENTITY, kinds == Kind.ENTITY_TOPIC
        found: Array = np.where(one, companies, np.where(part, of_topics, whole))
        return found

    def _mean(self, ids: Ids, prior: Numbers, borrowed: Numbers) -> Array:
        fade = self._fades(ids)
        known = fade * self._columns["information"][ids]
        # Written so that a series of which nothing is known has the borrowed mean to the last bit.
        more = fade * self._columns["negatives"][ids] - known * np.asarray(borrowed)
        mean = borrowed + more / (known + prior)
        found: Array = np.clip(mean, SMALLEST_SHARE, 1.0 - SMALLEST_SHARE)
        return found

    def _fades(self, ids: Ids) -> Array:
        """A series that has fallen silent ages by the clock of all news, which goes on learning."""
        found: Array = self._fade(np.maximum(self.clock - self._columns["as_of"][ids], 0))
        return found

    def _fade(self, age: npt.NDArray[np.int64]) -> Array:
        found: Array = 0.5 ** (age / (DAY_MINUTES * self._rules.half_life_days))
        return found

    def _has_past(self, ids: Ids, fade: Array) -> npt.NDArray[np.bool_]:
        rules, columns = self._rules, self._columns
        spans = columns["as_of"][ids] - columns["since"][ids]
        found: npt.NDArray[np.bool_] = (
            (columns["since"][ids] != NEVER)
            & (fade * columns["stories"][ids] >= rules.minimum_history_stories)
            & (spans >= rules.minimum_history_days * DAY_MINUTES)
        )
        return found

    def usual(self, mean: Array, counts: Lessons, doubt: Array | float = 0.0) -> Array:
        """The share expected of these very stories: that of their series, and what their mix adds to it.

        Args:
            mean: Of the series.
            counts: The stories.
            doubt: What their mix may add beyond what is known of it.
        """
        mix = counts.offsets / (1000.0 * np.maximum(counts.stories, 1))
        return np.clip(mean + mix + doubt, SMALLEST_SHARE, 1.0 - SMALLEST_SHARE)

    def mix(self, sources: Ids) -> Mix:
        """What is known of sources, by their numbers."""
        rules, columns, fade = self._rules, self._columns, self._fades(sources)
        prior, learnt = rules.prior_covariate_stories, float(columns["stories"][_ALL])
        known = fade * columns["information"][sources]
        return Mix(
            part=fade * columns["stories"][sources] / max(learnt, 1.0),
            spread=rules.source_spread * prior / (known + prior) if learnt else np.zeros(len(sources)),
        )

    def _doubt(self, counts: Lessons) -> float:
        """What the mix of a block may add to the share of its stories; sources that told nothing in it count, too."""
        told = np.zeros(len(self._index), dtype=np.int32)
        told[counts.ids] = counts.stories
        sources = self._index.sources
        return float(self.mix(sources).doubt(told[sources]))

    def law(self, expected: Expectations, mean: Array, length: int) -> Beta:
        """The law of the share in a new window of this many minutes."""
        return predictive(mean, self.overdispersion(expected, length), expected.information)

    def overdispersion(self, expected: Expectations, length: int) -> Array:
        """Of windows of this many minutes, in [floor, cap]."""
        rules = self._rules
        own = expected.unruly * self.dispersion.share_of(expected.kinds, length)
        found: Array = np.clip(own, rules.overdispersion_floor, rules.overdispersion_cap)
        return found

    def weights(self, counts: Lessons, expected: Expectations, length: int) -> Array:
        """How much blocks teach of the share, in (0, 1]: less the more they stand out above what was expected."""
        mean = self.usual(expected.mean, counts)
        found = np.ones(len(counts.ids))
        high = counts.negatives > counts.stories * mean
        if high.any():
            law = self.law(expected, mean, length)
            score = residual(counts.negatives[high], counts.stories[high], Beta(law.alpha[high], law.beta[high]))
            found[high] = outlier_weight(score, self._rules.weight_threshold)
        return found

    def learn(self, counts: Lessons, all_stories: int, end: int) -> list[DispersionState]:
        """Takes in a block.

        Args:
            counts: In the block; all news is among it.
            all_stories: Of all news in the block.
            end: Of the block, in minutes; not before that of any block learnt.

        Returns:
            The pools that moved.
        """
        self.learnt += 1
        length = self._rules.block_minutes
        expected = self.expect(counts.ids)
        weight = self.weights(counts, expected, length)
        usual_many, steady = self._cut(counts, expected, all_stories)
        n, mean = counts.stories.astype(np.float64), self.usual(expected.mean, counts)
        likeness = 1.0 + (n - 1.0) * self.overdispersion(expected, length)
        c, pairs = weight / likeness, weight * n * (n - 1.0)
        pools = self._learn_spread(counts, expected, weight, length, end)
        pools |= self._learn_clustering(counts, steady, all_stories, end)
        # Offsets are told against the plain share of all news: freed of them itself, it would drift with them.
        ordinary = counts.negatives - np.where(counts.ids == _ALL, 0.0, counts.offsets / 1000.0)
        pools |= self._learn_companies(expected.kinds == Kind.ENTITY, c * n, c * ordinary, end)
        ids, columns = counts.ids, self._columns
        fresh = columns["since"][ids] == NEVER
        fade = np.where(fresh, 0.0, self._fade(end - columns["as_of"][ids]))
        columns["since"][ids] = np.where(fresh, end - length, columns["since"][ids])
        columns["as_of"][ids] = end
        for name, more in (
            ("stories", weight * n),
            ("information", c * n),
            ("negatives", c * ordinary),
            ("spread", weight * (counts.negatives - n * mean) ** 2 / (mean * (1.0 - mean))),
            ("pairs", pairs),
            ("spread_known", pairs / (2.0 * likeness**2)),
            ("volume", usual_many),
        ):
            columns[name][ids] = fade * columns[name][ids] + more
        return list(pools.values())

    def learn_short(self, counts: Lessons, end: int) -> list[DispersionState]:
        """Takes in a short block: it teaches how much shares vary within a day, nothing else."""
        self.learnt += 1
        length = self._rules.short_block_minutes
        expected = self.expect(counts.ids)
        weight = self.weights(counts, expected, length)
        return list(self._learn_spread(counts, expected, weight, length, end).values())

    def _learn_spread(
        self, counts: Lessons, expected: Expectations, weight: Array, length: int, end: int
    ) -> dict[tuple[Kind, int], DispersionState]:
        mean = self.usual(expected.mean, counts)
        n, k = counts.stories.astype(np.float64), counts.negatives.astype(np.float64)
        # Sums are rounded once, as a restart numbers the series in another order.
        squares = weight * (k - n * mean) ** 2 / (mean * (1.0 - mean))
        found = {}
        for pool in (Kind.ALL, Kind.TOPIC, Kind.ENTITY):
            here = expected.kinds == pool  # topics of companies repeat what these tell
            if here.any():
                sums = {
                    "spread": fsum(squares[here]),
                    "stories": fsum((weight * n)[here]),
                    "pairs": fsum((weight * n * (n - 1.0))[here]),
                }
                found[pool, length] = self.dispersion.learn(pool, length, end, sums)
        return found

    def _learn_companies(
        self, here: npt.NDArray[np.bool_], information: Array, negatives: Array, end: int
    ) -> dict[tuple[Kind, int], DispersionState]:
        if not here.any():
            return {}
        sums = {"information": fsum(information[here]), "negatives": fsum(negatives[here])}
        length = self._rules.block_minutes
        return {(Kind.ENTITY, length): self.dispersion.learn(Kind.ENTITY, length, end, sums)}

    def _cut(self, counts: Lessons, expected: Expectations, all_stories: int) -> tuple[Array, Array]:
        """The stories of a block, too many of them cut down to what would just not stand out; and how steady that is.

        Cut by probability or by what is tolerated, whichever is more: a rate that began too low could else never catch
        up with a series that is often in the news. Steadiness is 1 for what is not cut, and falls with the square of
        the deviation, as weights do (Huber 1964, Ann. Math. Stat. 35:73, for the continuous kind).
        """
        rules, n = self._rules, counts.stories.astype(np.float64)
        mean = expected.rate * all_stories
        size = cluster_size(mean, self.dispersion.clustering(expected.kinds, expected.often), expected.known)
        score = deviations(np.exp(log_volume_tail(n, mean, size)))
        most = mean + rules.weight_threshold * np.sqrt(mean + mean**2 / size)
        cut = np.minimum(n, np.maximum(most, rules.volume_tolerance * mean))
        stands_out = (score > rules.weight_threshold) & (counts.ids != _ALL)
        steady = (rules.weight_threshold / np.maximum(score, rules.weight_threshold)) ** 2
        return np.where(stands_out, cut, n), steady

    def _learn_clustering(
        self, counts: Lessons, steady: Array, all_stories: int, end: int
    ) -> dict[tuple[Kind, int], DispersionState]:
        """From every series with a past, also those that the block says nothing of: silence is part of the rate."""
        length, found = self._rules.block_minutes, {}
        past = np.flatnonzero(self._columns["since"][: len(self._index)] != NEVER)
        of_past = self.expect(past)
        means = of_past.rate * all_stories
        place = np.full(len(self._index), -1)
        place[counts.ids] = np.arange(len(counts.ids))
        at = place[past]
        seen = np.where(at >= 0, counts.stories[at], 0).astype(np.float64)
        weights = np.where(at >= 0, steady[at], 1.0)
        for pool in (Kind.TOPIC, Kind.ENTITY):
            here = of_past.kinds == pool
            if not here.any():
                continue
            mean, w = means[here], weights[here]
            excess = w * ((seen[here] - mean) ** 2 - mean - mean**2 / of_past.known[here])
            often = of_past.often[here] & (pool is Kind.ENTITY)
            sums = {
                "stories_expected": fsum((w * mean)[~often]),
                "stories_excess": fsum(excess[~often]),
                "often_expected": fsum((w * mean)[often]),
                "often_excess": fsum(excess[often]),
            }
            found[pool, length] = self.dispersion.learn(pool, length, end, sums)
        return found

    def builds(self, ids: Ids, end: int) -> Array:
        """The cumulative sums of closed blocks as they stand at `end`."""
        age = np.maximum(end - self._columns["build_as_of"][ids], 0) / (DAY_MINUTES * self._rules.build_half_life_days)
        found: Array = self._columns["build"][ids] * 0.5**age
        return found

    def build_with(self, today: Lessons, expected: Expectations, end: int, doubt: float = 0.0) -> Array:
        """The same with what the block that holds the minute before `end` adds; 0 where it alone tells of a build."""
        columns, length = self._columns, self._rules.block_minutes
        found = self.builds(today.ids, end)
        found[columns["build_since"][today.ids] >= end - 1 - (end - 1) % length] = 0.0
        # At its very end the open block has been summed already.
        counted = (columns["build_as_of"][today.ids] == end) | (today.stories == 0)
        more = np.flatnonzero((found > 0.0) & ~counted)
        if more.size:
            steps = self.steps(today.of(more), expected.of(more), doubt)
            found[more] = np.maximum(found[more] + steps, 0.0)
        return found

    def building_since(self, place: int) -> int:
        """Since when the cumulative sum of a series has been above 0, in minutes; `NEVER` where it is not."""
        return int(self._columns["build_since"][place])

    def steps(self, counts: Lessons, expected: Expectations, doubt: float) -> Array:
        """What counts of a block add to the cumulative sums, in nats: evidence for odds that are `build_odds` times."""
        length, mean = self._rules.block_minutes, self.usual(expected.mean, counts, doubt)
        worse = np.minimum(raised(mean, self._rules.build_odds), 1.0 - SMALLEST_SHARE)
        return log_likelihood_ratio(
            counts.negatives,
            counts.stories,
            self.law(expected, mean, length),
            self.law(expected, worse, length),
        )

    def build(self, counts: Lessons, end: int) -> Ids:
        """Adds a closed block to the cumulative sums; gives the series whose sum moved."""
        expected = self.expect(counts.ids)
        told = expected.mature & (expected.kinds != Kind.COVARIATE)
        ids, columns = counts.ids, self._columns
        before = columns["build"][ids].copy()
        length = self._rules.block_minutes
        steps = self.steps(counts, expected, self._doubt(counts))
        sums = np.clip(self.builds(ids, end) + steps, 0.0, self._rules.build_cap)
        sums = np.where(told, sums, 0.0)
        moved = (sums != before) | ((sums > 0.0) & (columns["build_as_of"][ids] != end))
        columns["build"][ids] = sums
        columns["build_as_of"][ids] = np.where(sums > 0.0, end, NEVER)
        began = np.where(before > 0.0, columns["build_since"][ids], end - length)
        columns["build_since"][ids] = np.where(sums > 0.0, began, NEVER)
        found: Ids = ids[moved]
        return found


def _possible(share: float) -> float:
    return min(max(share, SMALLEST_SHARE), 1.0 - SMALLEST_SHARE)
