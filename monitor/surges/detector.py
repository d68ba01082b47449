"""The verdict on series at one step: which statistic of which window stands out, and how far.

Three statistics, each of every window length, look for what a crisis does:

- **share**: more of the stories are negative than the series' past explains (beta-binomial tail);
- **volume**: more stories than the series has among all news, even if attention to it had grown `volume_tolerance`
  times (negative-binomial tail), and more of them negative than its past explains; how many there are says nothing of
  their share, so both chances are combined by Fisher's method; it finds companies that are rarely named;
- **build**: closed days and the open one add up to a share that is higher for good, in their cumulative sum (by Wald's
  inequality one of s nats has a chance of at most exp(-s)), or as two and three days taken as one (beta-binomial tail).

A fourth, **attention**, finds all stories grown `attention_tolerance` times; it says so, and opens no alert.

What is found is weighed by how often one looks: a window of an hour has 24 chances a day (`daily`). What all lengths
and statistics come to is bounded as by Bonferroni, and only what can tell anything counts (Tarone 1990, Biometrics
46:515): a window with too few stories cannot, nor can a sum of days the earlier of which had none; and the stories of a
day fill only so many windows of an hour. Windows that slide by the minute overlap almost wholly; what that adds is
measured by `python -m benchmarks.surges`. No memory and no hysteresis here: the same counts always get the same
verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.surges.baseline import Baselines
from monitor.surges.columns import Columns, Ids, SeriesIndex
from monitor.surges.lessons import Expectations, Lessons
from monitor.surges.mix import Mix
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.sliding import SlidingWindows
from monitor.surges.statistics import (
    Array,
    Beta,
    cluster_size,
    fisher,
    intraclass,
    log_probability,
    log_upper_tail,
    log_volume_tail,
    predictive,
    together,
)
from monitor.surges.surge import Statistic

Mask = npt.NDArray[np.bool_]

Recent = Callable[[Ids], Sequence[Lessons]]
"""Of any series, what the open long block holds of it, then those before it."""

_SHARE_OR_VOLUME: Final = 0.3
"""Of the chance of a false alarm, what share and volume are each given; build gets the rest, if there is any."""

_ALL = 0  # number of all news in every index

NOTHING: Final = 0.0
"""Logarithm of a chance of 1."""

_FAR = 1.5  # standard deviations: no count that lies nearer to what is usual has a chance of a hundredth or less


class Tests(NamedTuple):
    """What the statistics say of some series; arrays [windows, series] unless said otherwise.

    Attributes:
        ids: Numbers of the series.
        stories: In each window.
        negatives: Likewise.
        usual: The share expected of these stories, in (0, 1).
        expected: What the baselines expect; by series.
        share: Logarithm of the chance of so high a share; 0 where it was not worth asking, or too great to be notable.
        volume: Likewise, of so many stories and so high a share of them together.
        attention: Likewise, of so many stories.
        build: Likewise, of so great a cumulative sum, or of so high a share of some days together; by series.
        large: Whether the share exceeds the usual one by `minimum_effect`.
        enough: By series: whether some window of a mature baseline held enough stories to be judged.
        may_build: By series: whether days before the open one could add to it.
    """

    ids: Ids
    stories: npt.NDArray[np.int32]
    negatives: npt.NDArray[np.int32]
    usual: Array
    expected: Expectations
    share: Array
    volume: Array
    attention: Array
    build: Array
    large: Mask
    enough: Mask
    may_build: Mask


class Costs(NamedTuple):
    """By how much the chances of tests are raised for their number: logarithms, by series, the first two by window."""

    share: Array
    volume: Array
    build: Array


class Strongest(NamedTuple):
    """The least likely of a series' tests.

    Attributes:
        daily: Chance of such a thing in a day without any change, by any window or statistic; 1 where there is none.
        statistic: Which.
        window: Place of the window's length.
        p_value: Chance of this one test, at one look.
    """

    daily: float
    statistic: Statistic
    window: int
    p_value: float


class Detector:
    """Tests windows by fixed rules.

    Args:
        index: Which numbers the series.
        rules: What it takes to stand out.
        windows: Of all series.
        baselines: Likewise.
    """

    def __init__(self, index: SeriesIndex, rules: SurgeRules, windows: SlidingWindows, baselines: Baselines) -> None:
        self._rules = rules
        self._windows = windows
        self._baselines = baselines
        lengths = np.array(rules.window_minutes)
        number = ((), np.float64, 0.0)
        self._expected = Columns(
            index,
            **dict.fromkeys(("mean", "information", "rate", "known", "unruly"), number),
            overdispersion=((2,), np.float64, 0.0),
            **dict.fromkeys(("mature", "often", "fresh"), ((), np.bool_, 0)),
        )
        """As the baselines expect it since they last learnt; and the overdispersion within a day and by the day."""
        self._expected_as_of = baselines.learnt
        self._known_mix: tuple[int, int, Mix] | None = None
        self._index = index
        self._lengths = (1, rules.block_minutes)
        """Of windows of either overdispersion, in minutes: within a day, and by the day."""
        self._scales = np.array([int(length >= rules.block_minutes) for length in rules.window_minutes])
        """By window, which overdispersion is its."""
        self._build_costs = log(1 + len(rules.summed_blocks)) - log(1.0 - 2.0 * _SHARE_OR_VOLUME)
        self._a_day = (DAY_MINUTES / lengths)[:, None]
        """How many disjoint windows of each length a day has; [windows, 1]."""
        self._attention_costs = np.log(len(lengths) * self._a_day).ravel()

    def test(self, ids: Ids, recent: Recent) -> Tests:
        """Everything that can be said of some series now.

        Args:
            ids: Their numbers.
            recent: What the latest days hold.
        """
        windows, rules = self._windows, self._rules
        days, expected = recent(ids), self._expect(ids)
        n, k = windows.stories[:, ids], windows.negatives[:, ids]
        usual = self._usual(ids, n, k, expected)
        effect = k / np.maximum(n, 1) - usual
        judged: Mask = expected.mature & (n >= rules.minimum_stories)
        bad: Mask = expected.mature & (k >= rules.minimum_negatives)
        worth: Mask = judged & bad & (effect >= rules.minimum_effect / 2)
        many: Mask = bad & (effect >= rules.minimum_effect / 2) & (ids != _ALL)
        drawing: Mask = expected.mature & (n >= rules.attention_stories) & (ids != _ALL)
        earlier = np.any([day.stories > 0 for day in days[1:]], axis=0)
        may_build: Mask = earlier | (self._baselines.builds(ids, windows.end) > 0)
        either = self._either(n, may_build)
        return Tests(
            ids=ids,
            stories=n,
            negatives=k,
            usual=usual,
            expected=expected,
            share=self._share(worth, ids, n, k, usual, expected, log(rules.elevated_p) - either),
            volume=self._volume(many, ids, n, k, usual, expected),
            attention=self._many(drawing, n, rules.attention_tolerance, expected),
            build=self._build(worth[-1], days, recent, expected),
            large=effect >= rules.minimum_effect,
            enough=np.any(judged, axis=0),
            may_build=may_build,
        )

    def _usual(self, ids: Ids, n: npt.NDArray[np.int32], k: npt.NDArray[np.int32], expected: Expectations) -> Array:
        """The share expected of the stories in each window, [windows, series]."""
        windows = self._windows
        doubt = self._mix().doubt(windows.stories[:, self._index.sources])
        return self._baselines.usual(expected.mean, Lessons(ids, n, k, windows.offsets[:, ids]), doubt[:, None])

    def _mix(self) -> Mix:
        """What is known of all sources, asked once in each lesson of the baselines."""
        sources, as_of = self._index.sources, self._baselines.learnt
        if self._known_mix is None or self._known_mix[:2] != (as_of, len(sources)):
            self._known_mix = as_of, len(sources), self._baselines.mix(sources)
        return self._known_mix[2]

    def _doubts(self, recent: Recent) -> Array:
        """What the mix of sources may add to the share of the open day, of the two latest together, and so on."""
        told = np.cumsum([day.stories for day in recent(self._index.sources)], axis=0)
        return self._mix().doubt(told)

    def _share(
        self,
        worth: Mask,
        ids: Ids,
        n: npt.NDArray[np.int32],
        k: npt.NDArray[np.int32],
        usual: Array,
        expected: Expectations,
        limit: Array,
    ) -> Array:
        found = np.full(n.shape, NOTHING)
        if worth.any():
            limits = np.broadcast_to(limit, n.shape)[worth]
            found[worth] = _chance(k[worth], n[worth], self._laws(worth, ids, usual, expected), limits)
        return found

    def _volume(
        self,
        asked: Mask,
        ids: Ids,
        n: npt.NDArray[np.int32],
        k: npt.NDArray[np.int32],
        usual: Array,
        expected: Expectations,
    ) -> Array:
        """So many stories and so high a share of them, where the stories alone are more than is put up with."""
        found = self._many(asked, n, self._rules.volume_tolerance, expected)
        many = found < NOTHING
        if many.any():
            share = log_upper_tail(k[many], n[many], self._laws(many, ids, usual, expected))
            found[many] = fisher(found[many], share)
        return found

    def _laws(self, asked: Mask, ids: Ids, usual: Array, expected: Expectations) -> Beta:
        """Of the shares of the windows and series that are asked for."""
        places, series = np.nonzero(asked)
        overdispersion = self._expected["overdispersion"][self._scales[places], ids[series]]
        return predictive(usual[asked], overdispersion, expected.information[series])

    def _many(self, asked: Mask, n: npt.NDArray[np.int32], times: float, expected: Expectations) -> Array:
        """So many stories, of a series that is in the news today at all: divided by the chance of being named.

        Args:
            asked: Of which windows and series, likewise arrays [windows, series] as the stories.
            n: Stories.
            times: How many of them are put up with for each that the series usually has.
            expected: By series.
        """
        found, clustering = np.full(n.shape, NOTHING), self._clustering(expected)
        for place in np.flatnonzero(asked.any(axis=1)).tolist():
            all_means = self._rates(place, expected) * times
            here = asked[place] & (n[place] > all_means)  # fewer are no wonder
            if not here.any():
                continue
            mean = all_means[here]
            size = cluster_size(mean, clustering[here], expected.known[here])
            found[place, here] = log_volume_tail(n[place, here], mean, size) - self._named(here, expected)
        told: Array = np.minimum(found, NOTHING)
        return told

    def _clustering(self, expected: Expectations) -> Array:
        return self._baselines.dispersion.clustering(expected.kinds, expected.often)

    def _rates(self, place: int, expected: Expectations) -> Array:
        """Stories that a series has usually in a window, among as many of all news."""
        found: Array = expected.rate * max(int(self._windows.stories[place, _ALL]), 1)
        return found

    def _named(self, here: Mask, expected: Expectations) -> Array:
        """Logarithm of the chance of being named at all in the longest window."""
        mean, clustering = self._rates(-1, expected)[here], self._clustering(expected)[here]
        size = cluster_size(mean, clustering, expected.known[here])
        return log_volume_tail(1, mean, size)

    def _build(self, worth: Mask, days: Sequence[Lessons], recent: Recent, expected: Expectations) -> Array:
        """What a single day says is the share's to tell."""
        found = np.full(len(worth), NOTHING)
        if not worth.any():
            return found
        at = np.flatnonzero(worth)
        few = expected.of(at)
        days, doubts = [day.of(at) for day in days], self._doubts(recent).tolist()
        least = -self._baselines.build_with(days[0], few, self._windows.end, doubts[0])
        for many in self._rules.summed_blocks:
            least = np.minimum(least, self._days(days[:many], few, doubts[many - 1]))
        found[at] = least
        return found

    def _days(self, days: Sequence[Lessons], expected: Expectations, doubt: float) -> Array:
        """Some days taken as one; nothing where the first of them has no negative stories."""
        baselines = self._baselines
        whole, pairs = _summed(days)
        n = whole.stories.astype(np.float64)
        spread = together(n, pairs, self._expected["overdispersion"][-1, whole.ids])
        mean = baselines.usual(expected.mean, whole, doubt)
        law = predictive(mean, spread, expected.information)
        chance = _chance(whole.negatives, whole.stories, law, log(self._rules.elevated_p) - self._build_costs)
        return np.where(days[-1].negatives > 0, chance, NOTHING)

    def asks(self, ids: Ids, recent: Recent) -> Mask:
        """Whether any statistic is worth asking of series, at little cost: of others `test` finds nothing notable.

        Args:
            ids: Their numbers, each once.
            recent: As `test` takes it.
        """
        windows, rules = self._windows, self._rules
        found = np.zeros(len(ids), dtype=np.bool_)
        bad = windows.negatives[-1, ids] >= rules.minimum_negatives
        at = np.flatnonzero(bad | (windows.stories[-1, ids] >= rules.attention_stories))
        if at.size:
            found[at] = self._asks(ids[at], recent)
        return found

    def _asks(self, ids: Ids, recent: Recent) -> Mask:
        windows, rules, expected = self._windows, self._rules, self._expect(ids)
        n, k = windows.stories[:, ids], windows.negatives[:, ids]
        usual = self._usual(ids, n, k, expected)
        bad = expected.mature & (k >= rules.minimum_negatives) & (k - n * usual >= rules.minimum_effect / 2 * n)
        stories = expected.rate * np.maximum(windows.stories[:, _ALL, None], 1)
        company = ids != _ALL
        many = company & (n > rules.volume_tolerance * stories)
        drawing = company & expected.mature & (n >= rules.attention_stories) & (n > rules.attention_tolerance * stories)
        alike = intraclass(self._expected["overdispersion"][:, ids], expected.information)[self._scales]
        found: Mask = ((bad & (_far(k, n, usual, alike) | many)) | drawing).any(axis=0)
        left = np.flatnonzero(bad[-1] & ~found)
        if left.size:
            found[left] = self._may_have_built(expected.of(left), recent(ids[left]), self._doubts(recent).tolist())
        return found

    def _may_have_built(self, expected: Expectations, days: Sequence[Lessons], doubts: list[float]) -> Mask:
        rules, today = self._rules, days[0]
        sums = self._baselines.builds(today.ids, self._windows.end)
        # No negative story adds more than the logarithm of the odds looked for, and no other story adds anything.
        most = sums + log(rules.build_odds) * today.negatives
        found: Mask = (sums > 0.0) & (most >= self._build_costs - log(rules.elevated_p))
        overdispersion = self._expected["overdispersion"][-1, today.ids]
        for many in rules.summed_blocks:
            whole, pairs = _summed(days[:many])
            alike = intraclass(together(whole.stories.astype(np.float64), pairs, overdispersion), expected.information)
            usual = self._baselines.usual(expected.mean, whole, doubts[many - 1])
            far = _far(whole.negatives, whole.stories, usual, alike)
            found |= (days[many - 1].negatives > 0) & far
        return found

    def _expect(self, ids: Ids) -> Expectations:
        """What the baselines expect, asked once in each of their lessons."""
        columns, baselines = self._expected, self._baselines
        if self._expected_as_of != baselines.learnt:
            self._expected_as_of = baselines.learnt
            columns["fresh"][:] = False
        new = ids[~columns["fresh"][ids]]
        if new.size:
            expected = baselines.expect(new)
            for name in Expectations._fields:
                if name != "kinds":
                    columns[name][new] = getattr(expected, name)
            for scale, length in enumerate(self._lengths):
                columns["overdispersion"][scale, new] = baselines.overdispersion(expected, length)
            columns["fresh"][new] = True
        return Expectations(
            mean=columns["mean"][ids],
            information=columns["information"][ids],
            rate=columns["rate"][ids],
            known=columns["known"][ids],
            mature=columns["mature"][ids],
            kinds=self._index.kinds[ids],
            unruly=columns["unruly"][ids],
            often=columns["often"][ids],
        )

    def costs(self, tests: Tests, *, at_one_look: bool = False) -> Costs:
        """What the number of tests adds to the logarithms of their chances.

        Args:
            tests: Of some series.
            at_one_look: At this step, instead of in a day.
        """
        rules, either = self._rules, self._either(tests.stories, tests.may_build)
        build = np.full(len(tests.ids), self._build_costs)
        if at_one_look:
            alone = np.broadcast_to(either, tests.stories.shape)
            return Costs(alone, alone, build)
        # So many stories a day are in at most so many disjoint windows that hold enough of them. Of how many negative
        # stories come at all that says nothing.
        filled = np.clip(tests.stories[-1] // rules.minimum_negatives * self._a_day[-1], 1, self._a_day)
        return Costs(either + np.log(filled), either + np.log(self._a_day), build)

    def _either(self, stories: npt.NDArray[np.int32], may_build: Mask) -> Array:
        """What the number of windows and of statistics adds at one look, by series."""
        able = (stories >= self._rules.minimum_negatives).sum(axis=0)
        found: Array = np.log(np.maximum(able, 1)) + np.where(may_build, -log(_SHARE_OR_VOLUME), log(2.0))
        return found

    def combined(self, tests: Tests, *, at_one_look: bool = False) -> Array:
        """Of each series, the logarithm of the chance that any statistic of any window stands out as much as one does.

        Args:
            tests: Of some series.
            at_one_look: At this step, instead of in a day.
        """
        costs = self.costs(tests, at_one_look=at_one_look)
        least = np.minimum(tests.share + costs.share, tests.volume + costs.volume).min(axis=0, initial=NOTHING)
        found: Array = np.minimum(least, np.minimum(tests.build + costs.build, NOTHING))
        return found

    def strongest(self, tests: Tests, at: int, costs: Costs, *, opening: bool) -> Strongest:
        """The least likely test of one series.

        Args:
            tests: Of some series.
            at: Which of them.
            costs: Of these tests.
            opening: Only what may open a surge: the share must be large, however many stories there are.
        """
        large = tests.large[:, at] | (not opening)
        share, volume = (np.where(large, found[:, at], NOTHING) for found in (tests.share, tests.volume))
        best = Strongest(1.0, Statistic.SHARE, len(share) - 1, 1.0)
        found = [
            (share + costs.share[:, at], Statistic.SHARE, share),
            (volume + costs.volume[:, at], Statistic.VOLUME, volume),
        ]
        build = np.full(len(share), NOTHING)
        build[-1] = tests.build[at]
        found.append((build + costs.build[at], Statistic.BUILD, build))
        for weighed, statistic, plain in found:
            place = int(np.argmin(weighed))
            daily = float(np.exp(min(weighed[place], 0.0)))
            if plain[place] < NOTHING and daily < best.daily:
                best = Strongest(daily, statistic, place, float(np.exp(plain[place])))
        return best

    def attention(self, tests: Tests, at: int) -> Strongest:
        """Likewise, of attention alone."""
        weighed = tests.attention[:, at] + self._attention_costs
        place = int(np.argmin(weighed))
        daily = float(np.exp(min(weighed[place], 0.0)))
        return Strongest(daily, Statistic.ATTENTION, place, float(np.exp(tests.attention[place, at])))

    def notable(self, tests: Tests) -> npt.NDArray[np.intp]:
        """Places of the series of which some test, weighed by looks and tests, is within `elevated_p`."""
        least = self.combined(tests)
        drawing = (tests.attention + self._attention_costs[:, None]).min(axis=0, initial=NOTHING)
        bound = log(self._rules.elevated_p)
        return np.flatnonzero((least <= bound) | (drawing <= bound))

    def expected_negatives(self, tests: Tests, at: int, statistic: Statistic, window: int) -> float:
        """How many negative stories (of attention: stories) the past lets expect, as this statistic reckons."""
        rate = float(self._rates(window, tests.expected)[at])
        if statistic is Statistic.VOLUME:
            return rate * float(tests.expected.mean[at])
        if statistic is Statistic.ATTENTION:
            return rate
        return float(tests.stories[window, at] * tests.usual[window, at])

    def law(self, tests: Tests, at: int, window: int) -> tuple[float, float]:
        """The law of the share of one series in one window: alpha and beta."""
        law = self._baselines.law(tests.expected, tests.usual[window], self._rules.window_minutes[window])
        return float(law.alpha[at]), float(law.beta[at])


def _summed(days: Sequence[Lessons]) -> tuple[Lessons, Array]:
    """Days taken as one, and how many pairs of stories of one day they hold."""
    whole = Lessons(days[0].ids, *(np.sum([day[field] for day in days], axis=0) for field in (1, 2, 3)))
    return whole, np.sum([day.stories * (day.stories - 1.0) for day in days], axis=0)


def _far(k: npt.NDArray[np.int32], n: npt.NDArray[np.int32], mean: Array, alike: Array) -> Mask:
    """Whether counts may have a small chance."""
    found: Mask = k - n * mean > _FAR * np.sqrt(n * mean * (1.0 - mean) * (1.0 + (n - 1.0) * alike))
    return found


def _chance(k: npt.NDArray[np.int32], n: npt.NDArray[np.int32], law: Beta, limit: Array | float) -> Array:
    """Logarithm of the chance of so many negatives or more; `NOTHING` where it is plain that it exceeds the limit."""
    alpha, beta = law
    found = np.full(len(k), NOTHING)
    far = np.flatnonzero(_far(k, n, alpha / (alpha + beta), 1.0 / (alpha + beta + 1.0)))
    if far.size:
        least = log_probability(k[far], n[far], Beta(alpha[far], beta[far]))
        far = far[least <= np.broadcast_to(limit, k.shape)[far]]
    if far.size:
        found[far] = log_upper_tail(k[far], n[far], Beta(alpha[far], beta[far]))
    return found
