"""Near-duplicate groups of texts, so that a split never has one on each side.

Word 3-shingles, MinHash signatures and banding find the candidate pairs; their exact Jaccard similarity decides.
Source: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

from monitor.classify.text import normalise_text

SHINGLE_WORDS = 3
BANDS, ROWS = 16, 4
_PRIME = (1 << 31) - 1

Integers = npt.NDArray[np.int64]


def near_duplicate_groups(texts: Sequence[str], similarity: float = 0.6) -> Integers:
    """Return a group number for each text; near-duplicates, and chains of them, share one.

    Args:
        texts: Any texts; URLs, case and punctuation do not matter.
        similarity: Jaccard similarity of word 3-shingles from which two texts are near-duplicates, in (0, 1].

    Returns:
        [n], the index of the first text of each group.
    """
    shingles = [_shingles(text) for text in texts]
    parent = list(range(len(texts)))
    for first, second in _candidates(shingles):
        one, other = _root(parent, first), _root(parent, second)
        if one != other and _jaccard(shingles[first], shingles[second]) >= similarity:
            parent[max(one, other)] = min(one, other)
    return _roots(parent)


def joined_groups(*partitions: Sequence[Hashable]) -> Integers:
    """Return the smallest groups of which none is parted by a group of any of the given partitions.

    Args:
        partitions: Each names the group of every text, in the same order; at least one.

    Returns:
        [n], the index of the first text of each group.

    >>> joined_groups(["a", "a", "b", "c"], [0, 1, 1, 3]).tolist()
    [0, 0, 0, 3]
    """
    parent = list(range(len(partitions[0])))
    for groups in partitions:
        first: dict[Hashable, int] = {}
        for place, group in enumerate(groups):
            one, other = _root(parent, first.setdefault(group, place)), _root(parent, place)
            parent[max(one, other)] = min(one, other)
    return _roots(parent)


def grouped_split(groups: Integers, held_out_share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Choose whole groups for a held-out set.

    Args:
        groups: [n], group numbers.
        held_out_share: Share of the texts to hold out, in (0, 1).
        seed: Of the draw.

    Returns:
        [n], true where the text is held out.
    """
    numbers, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(numbers))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = numbers[order[before < held_out_share * len(groups)]]
    return np.isin(groups, chosen)


def _shingles(text: str) -> frozenset[int]:
    words = normalise_text(text).split()
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    return frozenset(crc32(" ".join(words[start : start + SHINGLE_WORDS]).encode()) % _PRIME for start in range(last))


def _candidates(shingles: Sequence[frozenset[int]]) -> Iterator[tuple[int, int]]:
    signatures = _signatures(shingles)
    for band in range(BANDS):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        part = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        for place, key in enumerate(part):
            buckets[key.tobytes()].append(place)
        for members in buckets.values():
            # Every member meets the first and its neighbour: enough to join a bucket of true near-duplicates.
            for position in range(1, len(members)):
                yield members[0], members[position]
                yield members[position - 1], members[position]


def _signatures(shingles: Sequence[frozenset[int]]) -> Integers:
    rng = np.random.default_rng(0)
    slopes = rng.integers(1, _PRIME, BANDS * ROWS)
    offsets = rng.integers(0, _PRIME, BANDS * ROWS)
    rows = [
        ((np.fromiter(members, dtype=np.int64)[:, None] * slopes + offsets) % _PRIME).min(axis=0)
        for members in shingles
    ]
    return np.stack(rows) if rows else np.zeros((0, BANDS * ROWS), dtype=np.int64)


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other)


def _root(parent: list[int], place: int) -> int:
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


def _roots(parent: list[int]) -> Integers:
    return np.array([_root(parent, place) for place in range(len(parent))], dtype=np.int64)
