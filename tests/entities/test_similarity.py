"""What the context leaves open is decided by nearness to the company or to the other meaning."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from monitor.entities.aliases import Ambiguity, Sense
from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.matching import Match, Verdict
from monitor.entities.similarity import Similarity, Vectors

OPEN = Match(start=0, end=6, entity="harbor", alias="Harbor", verdict=Verdict.OPEN, score=1.0)
SHIPS, PAYMENTS = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)


class Embedder:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.stack([PAYMENTS if "payments" in text else SHIPS for text in texts])


@pytest.fixture
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture
def similarity(embedder: Embedder) -> Similarity:
    empty = frozenset[str]()
    ambiguity = Ambiguity(
        words=empty, names=empty, acronyms=empty, sure=empty, never=empty, ticker_words=empty, phrases=(),
        senses={"harbor": Sense(otherwise="A harbor is where ships lie.")},
    )  # fmt: skip
    entity = Entity(id="harbor", name="Harbor", description="Harbor is a company for payments.")
    return Similarity(Gazetteer([entity]), ambiguity, embedder)


def test_the_nearer_meaning_wins(similarity: Similarity) -> None:
    assert similarity.decide(OPEN, PAYMENTS).verdict is Verdict.ACCEPTED
    assert similarity.decide(OPEN, SHIPS).verdict is Verdict.REFUSED
    assert similarity.nearer(OPEN, SHIPS) == pytest.approx(-1.0)


def test_what_is_not_open_is_left_alone_and_costs_nothing(similarity: Similarity, embedder: Embedder) -> None:
    settled = msgspec.structs.replace(OPEN, verdict=Verdict.REFUSED)
    assert similarity.decide(settled, PAYMENTS) is settled
    assert embedder.asked == []


def test_each_description_is_embedded_once(similarity: Similarity, embedder: Embedder) -> None:
    for _ in range(3):
        similarity.decide(OPEN, PAYMENTS)
    assert len(embedder.asked) == 2


def test_an_entity_without_a_description_is_not_meant(embedder: Embedder, similarity: Similarity) -> None:
    other = msgspec.structs.replace(OPEN, entity="nobody")
    assert similarity.decide(other, PAYMENTS).verdict is Verdict.REFUSED


def test_the_reason_is_kept(similarity: Similarity) -> None:
    (reason,) = similarity.decide(OPEN, PAYMENTS).reasons
    assert reason.weight == pytest.approx(1.0)
