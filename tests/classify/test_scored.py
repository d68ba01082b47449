"""What a scored article counts as."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec import structs

from monitor.articles import Article
from monitor.classify.scored import ScoredArticle

SCORED = ScoredArticle(
    article=Article(id="a", source="w", position="1", title="t", first_seen_at=datetime(2024, 5, 6, tzinfo=UTC)),
    topic="Markets",
    topic_probabilities={"Markets": 0.9},
    sentiment="negative",
    negative=0.48,
    neutral=0.3,
    positive=0.22,
    model_version="fast-1",
    abstain_below=0.45,
)


@pytest.mark.parametrize(
    ("asked_by_the_model", "asked_by_the_settings", "counts"),
    [(0.45, None, True), (0.48, None, True), (0.49, None, False), (0.45, 0.5, False), (0.49, 0.4, True)],
)
def test_a_negative_one_counts_if_it_is_as_sure_as_the_settings_or_else_its_model_ask(
    asked_by_the_model: float, asked_by_the_settings: float | None, counts: bool
) -> None:
    scored = structs.replace(SCORED, abstain_below=asked_by_the_model)
    assert scored.counts_as_negative(asked_by_the_settings) is counts


def test_others_never_count() -> None:
    assert not structs.replace(SCORED, sentiment="neutral", neutral=0.9).counts_as_negative(0.0)
