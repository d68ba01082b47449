"""Batches of texts of similar length: little of a batch is padding, and every epoch mixes them anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Item = TypeVar("Item")

POOL = 32
"""Batches whose texts are sorted by length together."""


def training_batches(lengths: Integers, size: int, rng: np.random.Generator) -> Iterator[Integers]:
    """Yield the places of shuffled batches: texts are sorted by length within random pools of `POOL` batches.

    Args:
        lengths: [n], tokens of each text.
        size: Texts of a batch.
        rng: Of this epoch.
    """
    order = rng.permutation(len(lengths))
    batches = list[Integers]()
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches.extend(pool[first : first + size] for first in range(0, len(pool), size))
    for place in rng.permutation(len(batches)):
        yield batches[place]


def endless(items: Sequence[Item], rng: np.random.Generator) -> Iterator[Item]:
    """Yield all items in a random order, again and again, each time in another; nothing, if there are none."""
    while items:
        for place in rng.permutation(len(items)):
            yield items[place]


def sorted_batches(lengths: Sequence[int], size: int) -> Iterator[Integers]:
    """Yield the places of batches in order of length: for scoring, where order does not matter."""
    order = np.argsort(np.asarray(lengths, dtype=np.int64), kind="stable")
    for start in range(0, len(order), size):
        yield order[start : start + size]
