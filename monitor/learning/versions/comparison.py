"""Two model versions side by side: figures, recipe, data, calibration, labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from monitor.learning.versions.version import ModelVersion

_DETAILS = ("per_class", "float32")
"""Parts of a set's figures that only the JSON shows."""


class Pair(msgspec.Struct, frozen=True):
    """What both versions have under one name; None where one has nothing."""

    a: Any
    b: Any


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of both versions.

    Attributes:
        set: On which it was computed.
        name: Its path, such as `macro_f1` or `per_class.negative.f1`.
        a: The first version's; None where it has none.
        b: The second version's.
        difference: b minus a; None where one has none.
    """

    set: str
    name: str
    a: float | None
    b: float | None
    difference: float | None

    @property
    def is_detail(self) -> bool:
        """Whether it is one of very many."""
        return self.name.split(".", 1)[0] in _DETAILS


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How two versions differ.

    Attributes:
        a: Id of the first.
        b: Id of the second.
        metrics: All figures, set by set.
        recipe: Training settings that differ.
        data: Fingerprints of the training examples.
        temperatures: By head.
        papers: Whatever else of the manifests differs: base model, parent, token limit and so on.
        only_a: Labels that only the first answers with, by head.
        only_b: Likewise the second.
    """

    a: str
    b: str
    metrics: list[Figure]
    recipe: dict[str, Pair]
    data: Pair
    temperatures: dict[str, Pair]
    papers: dict[str, Pair]
    only_a: dict[str, list[str]]
    only_b: dict[str, list[str]]


def compare(a: ModelVersion, b: ModelVersion) -> Comparison:
    """Put two versions side by side; manifests of different structure compare by what both have."""
    one, two = a.papers, b.papers
    listed = {"metrics", "recipe", "data_fingerprint", "temperatures", "files"}
    labels = sorted(
        name for name in {*one, *two} if isinstance(one.get(name, []), list) and isinstance(two.get(name, []), list)
    )
    return Comparison(
        a=a.id,
        b=b.id,
        metrics=list(_figures(a.metrics, b.metrics)),
        recipe=_differing(one.get("recipe", {}), two.get("recipe", {})),
        data=Pair(a.data_fingerprint, b.data_fingerprint),
        temperatures=_pairs(one.get("temperatures", {}), two.get("temperatures", {})),
        papers={name: pair for name, pair in _differing(one, two).items() if name not in listed and name not in labels},
        only_a=_missing(one, two, labels),
        only_b=_missing(two, one, labels),
    )


def _figures(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Figure]:
    for name in dict.fromkeys([*a, *b]):
        one, two = dict(_leaves(a.get(name, {}))), dict(_leaves(b.get(name, {})))
        for figure in dict.fromkeys([*one, *two]):
            mine, theirs = one.get(figure), two.get(figure)
            difference = None if mine is None or theirs is None else theirs - mine
            yield Figure(set=name, name=figure, a=mine, b=theirs, difference=difference)


def _leaves(figures: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(figures, Mapping):
        for name, value in figures.items():
            yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(figures, int | float) and not isinstance(figures, bool):
        yield path, figures


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Pair]:
    return {name: Pair(a.get(name), b.get(name)) for name in dict.fromkeys([*a, *b])}


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Pair]:
    return {name: pair for name, pair in _pairs(a, b).items() if pair.a != pair.b}


def _missing(one: Mapping[str, Any], two: Mapping[str, Any], names: list[str]) -> dict[str, list[str]]:
    missing = {name: [label for label in one.get(name, []) if label not in two.get(name, [])] for name in names}
    return {name: labels for name, labels in missing.items() if labels}
