"""Labels: their order is part of a model."""

from __future__ import annotations

import pytest

from monitor.classify.labels import SENTIMENTS, TOPICS, Labels, topic_slug
from monitor.errors import ModelError


def test_there_are_twenty_topics_and_three_sentiments_all_different() -> None:
    assert len(set(TOPICS)) == len(TOPICS) == 20
    assert SENTIMENTS == ("negative", "neutral", "positive")
    assert len({topic_slug(name) for name in TOPICS}) == 20


def test_the_same_labels_are_equal_and_so_accepted() -> None:
    found = Labels(topics=tuple(TOPICS), sentiments=tuple(SENTIMENTS))
    Labels().require(found)
    assert found == Labels()


def test_swapped_labels_are_refused_and_the_first_difference_named() -> None:
    swapped = (TOPICS[1], TOPICS[0], *TOPICS[2:])
    with pytest.raises(ModelError, match=r"output 0 is 'Fed \| Central Banks'"):
        Labels().require(Labels(topics=swapped))


def test_missing_labels_are_refused() -> None:
    with pytest.raises(ModelError, match="2 outputs, not 3"):
        Labels().require(Labels(sentiments=("negative", "neutral")))
