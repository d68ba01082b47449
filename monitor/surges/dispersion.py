"""How much counts vary beyond chance, learnt over all series of a kind together: a company's own are too few to tell.

Three things are learnt of every kind of series. The overdispersion r of shares: stories of one block resemble one
another (`monitor.surges.statistics.estimate_overdispersion`). The clustering of stories in time: an event begets
several, so that a count of expected value mu varies by mu (1 + c). Of names heard once more was expected than ever
came, and thousands of them would teach that every company's stories come alone: those often heard are learnt apart.
And of companies the mean share: what is bad for a company and what is bad news as a whole are two judgements, and one
is made far more often than the other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.surges.minutes import minute_of, moment_of
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.series import Kind
from monitor.surges.statistics import Array, estimate_overdispersion

POOLS: Final = {
    Kind.ALL: Kind.ALL,
    Kind.TOPIC: Kind.TOPIC,
    Kind.ENTITY: Kind.ENTITY,
    Kind.ENTITY_TOPIC: Kind.ENTITY,
    Kind.COVARIATE: Kind.ALL,
}
"""Which kinds are learnt together."""

POOL_OF: Final = np.array([POOLS[kind] for kind in Kind], dtype=np.int8)


class DispersionState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a kind of series at one block length; sums that forget exponentially, exact as floats.

    Attributes:
        kind: Name of the `Kind` that heads the pool.
        window_minutes: Length of the blocks.
        as_of: UTC-aware end of the last block learnt.
        spread: Sum of w (k - nm)^2 / (m(1 - m)): w for being ordinary, m the share that was expected.
        stories: Sum of w n.
        pairs: Sum of w n (n - 1).
        stories_expected: Sum of w mu over series and blocks, mu being the stories that were expected.
        stories_excess: Sum of w ((n - mu)^2 - mu - mu^2 / a), a being what the rate rests on.
        often_expected: Like `stories_expected`, of the companies often heard, which do not count there.
        often_excess: Likewise of `stories_excess`.
        information: Sum of what the series' own `information` took in, see `monitor.surges.lessons.BaselineState`.
        negatives: Likewise of their `negatives`.
    """

    kind: str
    window_minutes: int
    as_of: datetime
    spread: float = 0.0
    stories: float = 0.0
    pairs: float = 0.0
    stories_expected: float = 0.0
    stories_excess: float = 0.0
    often_expected: float = 0.0
    often_excess: float = 0.0
    information: float = 0.0
    negatives: float = 0.0


class Dispersion:
    """The pools, and what they let expect.

    Args:
        rules: Priors, floors, half-life, block lengths.
        states: As stored; those of block lengths that the rules no longer know are passed over.
    """

    def __init__(self, rules: SurgeRules, states: tuple[DispersionState, ...]) -> None:
        self._rules = rules
        self._states: dict[tuple[Kind, int], DispersionState] = {}
        for state in states:
            if state.window_minutes in (rules.block_minutes, rules.short_block_minutes):
                self._states[Kind[state.kind.upper()], state.window_minutes] = state
        self.share = np.zeros((2, len(Kind)))
        """Overdispersion by scale (0: short blocks, 1: long ones) and kind, in [floor, cap]."""
        self.stories = np.zeros((2, len(Kind)))
        """Clustering of stories by how they are heard (0: seldom, 1: often) and kind."""
        self._reckon()

    def share_of(self, kinds: npt.NDArray[np.int8], length: int) -> Array:
        """Overdispersion of windows of this many minutes, by series."""
        found: Array = self.share[int(length >= self._rules.block_minutes)][kinds]
        return found

    def clustering(self, kinds: npt.NDArray[np.int8], often: npt.NDArray[np.bool_]) -> Array:
        """Clustering of stories, by series."""
        found: Array = self.stories[often.astype(np.int8), kinds]
        return found

    def mean_of_companies(self, whole: float) -> float:
        """The share of stories that are bad for the company they are about.

        Args:
            whole: The share of all news, which it is taken to be before anything is learnt.
        """
        state = self._states.get((Kind.ENTITY, self._rules.block_minutes))
        if state is None:
            return whole
        return whole + (state.negatives - state.information * whole) / (state.information + self._rules.prior_stories)

    def learn(self, pool: Kind, length: int, end: int, sums: dict[str, float]) -> DispersionState:
        """Takes in what a block of this kind and length taught.

        Args:
            pool: A head of `POOLS`.
            length: Of the block, in minutes.
            end: Of the block.
            sums: By the names of `DispersionState`.
        """
        state = self._states.get((pool, length))
        if state is None:
            state = DispersionState(kind=pool.name.lower(), window_minutes=length, as_of=moment_of(end))
        fade = 0.5 ** ((end - minute_of(state.as_of)) / DAY_MINUTES / self._rules.half_life_days)
        faded = {name: fade * getattr(state, name) + sums.get(name, 0.0) for name in _SUMS}
        state = self._states[pool, length] = msgspec.structs.replace(state, as_of=moment_of(end), **faded)
        self._reckon()
        return state

    def _reckon(self) -> None:
        rules, short, long = self._rules, self._rules.short_block_minutes, self._rules.block_minutes
        for kind, pool in POOLS.items():
            about_one = pool is Kind.ENTITY
            prior = rules.prior_entity_overdispersion if about_one else rules.prior_overdispersion
            self.share[1, kind] = self._overdispersion(pool, long, prior)
            # A company has few hours with more than one story: they are taken to vary like its days.
            self.share[0, kind] = self.share[1, kind] if about_one else self._overdispersion(pool, short, prior)
            self.stories[:, kind] = self._clustering(pool)

    def _overdispersion(self, pool: Kind, length: int, prior: float) -> float:
        rules, state = self._rules, self._states.get((pool, length))
        if state is None:
            return min(max(prior, rules.overdispersion_floor), rules.overdispersion_cap)
        found = estimate_overdispersion(state.spread, state.stories, state.pairs, prior, rules.prior_pairs)
        return min(max(found, rules.overdispersion_floor), rules.overdispersion_cap)

    def _clustering(self, pool: Kind) -> tuple[float, float]:
        rules, state = self._rules, self._states.get((pool, self._rules.block_minutes))
        if state is None:
            none = max(rules.prior_clustering, rules.clustering_floor)
            return none, none
        seldom = self._clustered(state.stories_excess, state.stories_expected)
        return seldom, self._clustered(state.often_excess, state.often_expected) if pool is Kind.ENTITY else seldom

    def _clustered(self, excess: float, expected: float) -> float:
        rules = self._rules
        learnt = (excess + rules.prior_clustering * rules.prior_clustering_stories) / (
            expected + rules.prior_clustering_stories
        )
        return max(learnt, rules.clustering_floor)


_SUMS = tuple(name for name in DispersionState.__struct_fields__ if name not in ("kind", "window_minutes", "as_of"))
