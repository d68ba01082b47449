"""What baselines are taught, what they keep of it, and what they expect."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.surges.columns import Ids
from monitor.surges.series import Series
from monitor.surges.statistics import Array


class BaselineState(msgspec.Struct, frozen=True, kw_only=True):
    """All that is remembered of a series' past; restores exactly (64-bit floats).

    A block's counts enter `information` and `negatives` with weight `c = w / (1 + (n - 1) r)`: w for its age and for
    being ordinary, the rest (Williams 1982) so that one day with many stories does not outweigh many days.

    Attributes:
        series: Whose.
        window_minutes: Length of the blocks.
        since: UTC-aware start of the first block learnt; None before any.
        as_of: UTC-aware end of the last block learnt; the sums are as they stood then. None before any.
        stories: Sum of w n: stories learnt from, forgetting counted.
        information: Sum of c n: how many independent stories the mean rests on.
        negatives: Sum of c (k - d), d being what source, model and hour of the stories add to the usual; of all news d
            is 0.
        spread: Sum of w (k - nm)^2 / (m(1 - m)), m being the share that was expected: how unruly the series is.
        pairs: Sum of w n(n - 1).
        spread_known: How well both tell its overdispersion; see `monitor.surges.statistics.own_overdispersion`.
        volume: Sum of v n, with v for age and for being an ordinary number of stories.
        build: The cumulative sum of evidence for a higher share over closed blocks, in nats, from 0 to the cap.
        build_since: UTC-aware start of the block in which it last left 0; None where it is 0.
        build_as_of: UTC-aware end of the block up to which it is summed; None before any.
    """

    series: Series
    window_minutes: int
    since: datetime | None = None
    as_of: datetime | None = None
    stories: float = 0.0
    information: float = 0.0
    negatives: float = 0.0
    spread: float = 0.0
    pairs: float = 0.0
    spread_known: float = 0.0
    volume: float = 0.0
    build: float = 0.0
    build_since: datetime | None = None
    build_as_of: datetime | None = None


def joined_past(
    one: BaselineState, other: BaselineState | None, half_life_days: float, apart: float = 1.0
) -> BaselineState:
    """What would have been learnt of one series instead of two, nearly: what both know is added up.

    Args:
        one: Of a series.
        other: Of another, of the same block length; None: nothing is known of it.
        half_life_days: By which the older of them is faded to the time of the newer.
        apart: The part of the stories of `one` that are none of `other`, too, in [0, 1].

    Returns:
        Under the name of `one`. A build is that of whichever has more of it: cumulative sums do not add up.
    """
    if other is None:
        return one
    more = max(one, other, key=lambda each: each.build)
    build: dict[str, Any] = {"build": more.build, "build_since": more.build_since, "build_as_of": more.build_as_of}
    if other.as_of is None or other.since is None:
        return msgspec.structs.replace(one, **build)
    if one.as_of is None or one.since is None:
        return msgspec.structs.replace(other, series=one.series, **build)
    as_of = max(one.as_of, other.as_of)
    fades = [0.5 ** ((as_of - each) / timedelta(days=half_life_days)) for each in (one.as_of, other.as_of)]
    summed = {
        name: apart * fades[0] * getattr(one, name) + fades[1] * getattr(other, name)
        for name in ("stories", "information", "negatives", "spread", "pairs", "spread_known", "volume")
    }
    return BaselineState(
        series=one.series,
        window_minutes=one.window_minutes,
        since=min(one.since, other.since),
        as_of=as_of,
        **build,
        **summed,
    )


class Expectations(NamedTuple):
    """What the baselines expect of some series; arrays with one place for each.

    Attributes:
        mean: Negative share, in (0, 1), of stories of the usual mix.
        information: Independent stories that the mean is worth, priors counted.
        rate: Stories of the series per story of all news.
        known: Stories that the rate is worth, priors counted.
        mature: Whether the series may stand out.
        kinds: Of each, the place in `Kind`.
        unruly: How many times as overdispersed as its kind a series is.
        often: Whether it is so often heard that its stories cluster as those of such do.
    """

    mean: Array
    information: Array
    rate: Array
    known: Array
    mature: npt.NDArray[np.bool_]
    kinds: npt.NDArray[np.int8]
    unruly: Array
    often: npt.NDArray[np.bool_]

    def of(self, places: npt.NDArray[Any]) -> Expectations:
        """Those of some of the series: by place, or where a mask is true."""
        return Expectations(*(column[places] for column in self))


class Lessons(NamedTuple):
    """What one block holds of some series; arrays of whole numbers with one place for each.

    Attributes:
        ids: Numbers of the series.
        stories: At least 1.
        negatives: At most `stories`.
        offsets: See `monitor.surges.sliding.Entries`.
    """

    ids: Ids
    stories: npt.NDArray[np.int32]
    negatives: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int32]

    def of(self, places: npt.NDArray[Any]) -> Lessons:
        """Those of some of the series."""
        return Lessons(self.ids[places], self.stories[places], self.negatives[places], self.offsets[places])
