"""What a mix of sources may add to the usual share of all news beyond what is known of the sources.

A source's own share is believed as far as its stories tell it; what is left of it is a random effect. It matters only
as far as the source tells another part of the news than of that from which the share of all news was learnt: one that
joined told none of that, and of sources that keep their parts nothing is in doubt, however little is known of them.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.surges.statistics import Array

_DEVIATIONS: Final = 2.0
"""How far a source may differ from others before anything is known of it."""
_EXACT: Final = 2.0**40
"""Squares are summed as whole numbers, as a restart numbers the sources in another order."""


class Mix(NamedTuple):
    """What is known of some sources; arrays [sources].

    Attributes:
        part: Of the stories from which the usual share was learnt, the part that a source told, in [0, 1].
        spread: Standard deviation of what is not known of its own share.
    """

    part: Array
    spread: Array

    def doubt(self, told: npt.NDArray[np.integer[Any]]) -> Array:
        """The most that the sources may plausibly add.

        Args:
            told: Stories of each source, [..., sources].

        Returns:
            In shares, at least 0; 0 where nothing was told; [...].

        >>> Mix(part=np.array([1.0, 0.0]), spread=np.array([0.0, 0.15])).doubt(np.array([60, 40])).round(6).tolist()
        0.12
        """
        whole = told.sum(axis=-1)
        moved = told / np.maximum(whole, 1)[..., None] - self.part
        squares = np.rint(_EXACT * (moved * self.spread) ** 2).astype(np.int64).sum(axis=-1)
        found: Array = np.where(whole > 0, _DEVIATIONS * np.sqrt(squares / _EXACT), 0.0)
        return found
