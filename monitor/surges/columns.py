"""Numbers for series, and arrays with one place for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.surges.series import ALL, Kind, Series

Ids = npt.NDArray[np.int64]

_FEW = 100  # numbers up to which the language's own sets are faster than arrays

NO_PARENT = 0
"""All news borrows from nobody; it stands at place 0 and is its own parent."""


def distinct(ids: Ids) -> Ids:
    """Each number once, ascending.

    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    if len(ids) < _FEW:
        return np.array(sorted(set(ids.tolist())), dtype=np.int64)
    found: Ids = np.flatnonzero(np.bincount(ids))
    return found


def among(ids: Ids, others: Collection[int]) -> npt.NDArray[np.bool_]:
    """Of each number, whether it is one of others; fast where these are a set or the keys of a mapping.

    >>> among(np.array([3, 1, 3]), {3}).tolist()
    [True, False, True]
    """
    if len(ids) < _FEW:
        return np.array([number in others for number in ids.tolist()], dtype=np.bool_)
    return np.isin(ids, np.fromiter(others, dtype=np.int64, count=len(others)))


class Columns:
    """Arrays whose last axis has a place for each series; they grow together.

    Args:
        index: Which numbers the series.
        **fills: Name and (leading shape, type, value of an untouched place) of each array.
    """

    def __init__(self, index: SeriesIndex, **fills: tuple[tuple[int, ...], Any, float]) -> None:
        self._fills = fills
        self._arrays = {
            name: np.full((*shape, index.capacity), fill, dtype=kind) for name, (shape, kind, fill) in fills.items()
        }
        index.holders.append(self)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]

    def grow(self, capacity: int) -> None:
        """Gives every array so many places."""
        for name, (shape, kind, fill) in self._fills.items():
            grown = np.full((*shape, capacity), fill, dtype=kind)
            old = self._arrays[name]
            grown[..., : old.shape[-1]] = old
            self._arrays[name] = grown


class SeriesIndex:
    """Gives each series a number, the first time that it is asked for; all news has number 0."""

    def __init__(self) -> None:
        self.capacity = 64
        self.holders: list[Columns] = []
        self.series: list[Series] = []
        self._numbers: dict[Series, int] = {}
        self._sources = np.zeros(0, dtype=np.int64)
        self._about = Columns(self, kind=((), np.int8, 0), parent=((), np.int64, NO_PARENT), told=((), np.bool_, 0))
        self.number(ALL)

    def __len__(self) -> int:
        return len(self.series)

    def number(self, series: Series) -> int:
        """The number of a series."""
        known = self._numbers.get(series)
        if known is not None:
            return known
        parent = NO_PARENT if series.kind is not Kind.ENTITY_TOPIC else self.number(Series(topic=series.topic))
        number = self._numbers[series] = len(self.series)
        self.series.append(series)
        if number >= self.capacity:
            self.capacity *= 2
            for holder in self.holders:
                holder.grow(self.capacity)
        self._about["kind"][number] = series.kind
        self._about["parent"][number] = parent
        self._about["told"][number] = series.is_source
        if series.is_source:
            self._sources = np.append(self._sources, number)
        return number

    def numbers(self, series: Iterable[Series]) -> Ids:
        """The numbers of several series."""
        return np.array([self.number(one) for one in series], dtype=np.int64)

    @property
    def kinds(self) -> npt.NDArray[np.int8]:
        """By number, the place in `Kind`."""
        return self._about["kind"][: len(self.series)]

    @property
    def sources(self) -> Ids:
        """The numbers of what single sources tell, ascending."""
        return self._sources

    @property
    def of_sources(self) -> npt.NDArray[np.bool_]:
        """By number, whether it is what one source tells."""
        return self._about["told"][: len(self.series)]

    @property
    def parents(self) -> Ids:
        """By number, the series that it is a part of: of an entity's topic the topic, else all."""
        return self._about["parent"][: len(self.series)]
