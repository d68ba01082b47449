"""The written headlines: every frame is whole, its marks stand where its companies do, and its lots keep apart."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from monitor.classify.labels import SENTIMENTS
from monitor.classify.text import normalise_text
from monitor.learning.data.examples import Example
from pipelines.company_news.examples import FILLINGS, CompanyNews, Frame, company_news, read_frames
from pipelines.company_news.names import Names


@pytest.fixture(scope="module")
def news() -> CompanyNews:
    """All frames filled."""
    return company_news(seed="five")


def test_every_frame_names_as_many_companies_as_it_labels_and_only_slots_that_there_are() -> None:
    faulty = [frame.text for frame in read_frames() if not _is_whole(frame)]
    assert faulty == []


def test_no_two_frames_are_alike_and_no_sentiment_is_rare() -> None:
    texts = Counter(normalise_text(frame.text) for frame in read_frames())
    assert [text for text, count in texts.items() if count > 1] == []
    found = Counter(SENTIMENTS[sentiment] for frame in read_frames() for sentiment in frame.sentiments)
    assert found["negative"] > 400
    assert found["neutral"] > 300
    assert found["positive"] > 100


def test_a_filled_frame_marks_its_companies_and_nothing_of_a_slot_is_left() -> None:
    example = Frame("'{thing} burn': {B} sues {A}", (0, 1)).filled(Names("3"))
    second, first = example.mentions or ()
    before, after = example.text[: second.start], example.text[second.end : first.start]
    assert before.endswith(" burn': ")
    assert after == " sues "
    assert first.end == len(example.text)
    assert (second.sentiment, first.sentiment) == (1, 0)
    assert example.sentiment is None
    assert example.tagged
    assert "{" not in example.text


def test_a_frame_says_nothing_of_the_sentiment_of_its_whole_text() -> None:
    assert Frame("{A} and {B} fined", (0, 0)).filled(Names("1")).sentiment is None


def test_what_is_judged_or_calibrates_has_wordings_that_training_does_not_have(news: CompanyNews) -> None:
    def words(examples: list[Example]) -> set[str]:
        return {_without_names(example) for example in examples}

    frames = len(read_frames())
    assert 0.05 * frames < len(news.judged) < 0.15 * frames
    assert 0.05 * frames < len(news.calibrating) < 0.15 * frames
    fillings = FILLINGS * (frames - len(news.judged) - len(news.calibrating))
    assert 0.99 * fillings < len({example.text for example in news.training}) == len(news.training) <= fillings
    assert not words(news.judged) & words(news.training)
    assert not words(news.calibrating) & words(news.judged)


def test_the_same_seed_gives_the_same_examples(news: CompanyNews) -> None:
    assert company_news(seed="five") == news
    assert company_news(seed="six") != news


def _is_whole(frame: Frame) -> bool:
    slots = Counter(re.findall(r"\{(.*?)\}", frame.text))
    companies = [slots.pop("A", 0), slots.pop("B", 0)]
    tidy = not re.search(r"[{}]|  |^ | $", re.sub(r"\{\w+\}", "x", frame.text))
    return tidy and companies == [1, len(frame.sentiments) - 1] and set(slots) <= set(Names("0").others())


def _without_names(example: Example) -> str:
    text = example.text
    for mention in reversed(example.mentions or ()):
        text = f"{text[: mention.start]}#{text[mention.end :]}"
    return re.sub(r"\d+", "0", text)
