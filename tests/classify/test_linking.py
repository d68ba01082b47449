"""Linking: the model's mentions get entities, and known companies that it did not tag become mentions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from monitor.classify.engine import Floats, Scores
from monitor.classify.labels import Labels
from monitor.classify.linking import Linker, join, with_relevance
from monitor.classify.mentions import Mention, Span
from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.matching import Matcher, Verdict

MATCHER = Matcher(
    Gazetteer(
        [
            Entity(id="quillon", name="Quillon Bank", aliases=("Quillon",)),
            Entity(id="tarvex", name="Tarvex"),
            Entity(id="noble", name="Noble Corporation", aliases=("Noble",)),
            Entity(id="target", name="Target Corporation", description="Target is a company for shops."),
        ]
    )
)


class FixedEngine:
    """Sentiment by the length of the text; toward a span by its start; near to shops if the text says so."""

    labels = Labels()
    max_tokens = 64
    abstain_below = 0.4
    model_version = "fixed"

    def __init__(self) -> None:
        self.asked: list[tuple[str, Span]] = []

    def classify(self, texts: Sequence[str]) -> Scores:
        topics = np.full((len(texts), len(self.labels.topics)), 0.05)
        sentiments = np.array([[0.7, 0.2, 0.1]] * len(texts)).reshape(len(texts), 3)
        embeddings = np.array([[1.0, 0.0] if "shop" in text else [0.0, 1.0] for text in texts], dtype=np.float32)
        vectors = embeddings.reshape(len(texts), 2)
        return Scores(topics, sentiments, ((),) * len(texts), vectors, vectors)

    def sentiment_toward(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        self.asked += zip(texts, spans, strict=True)
        return np.array([[0.1, 0.3, 0.6]] * len(texts))

    def read_to(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


class ShortSighted(FixedEngine):
    """Reads the first thirty characters of a text."""

    def read_to(self, texts: Sequence[str]) -> list[int]:
        return [min(len(text), 30) for text in texts]


def tag(text: str, part: str, confidence: float = 0.9) -> Mention:
    start = text.index(part)
    return Mention(
        start=start, end=start + len(part), text=part, confidence=confidence, negative=0.5, neutral=0.3, positive=0.2
    )


def linked(text: str, *mentions: Mention, engine: FixedEngine | None = None, title: int = 0) -> tuple[Mention, ...]:
    engine = engine or FixedEngine()
    scores = engine.classify([text])
    scores = replace(scores, mentions=(mentions,))
    (found,) = Linker(MATCHER).link([text], [title or len(text)], scores, engine)
    return found


def test_a_tagged_company_gets_its_entity_and_keeps_the_models_answer() -> None:
    text = "Quillon falls on loan losses"
    (mention,) = linked(text, tag(text, "Quillon"))
    assert (mention.entity, mention.relevance) == ("quillon", 100)
    assert (mention.negative, mention.confidence) == (0.5, 0.9)


def test_a_company_that_no_list_knows_becomes_provisional() -> None:
    text = "Brundle & Sons collapses"
    (mention,) = linked(text, tag(text, "Brundle & Sons"))
    assert mention.entity == "~brundle-sons"
    assert mention.relevance == 100
    assert not mention.unsure


def test_where_the_model_is_unsure_of_a_name_the_mention_says_so() -> None:
    text = "Brundle & Sons collapses"
    (mention,) = linked(text, tag(text, "Brundle", 0.5))
    assert (mention.entity, mention.relevance, mention.unsure) == ("~brundle", 100, True)


def test_an_unsure_name_takes_no_relevance_from_another_company() -> None:
    text = "Quillon sells Brundle"
    alone, doubted = linked(text, tag(text, "Quillon"), tag(text, "Brundle", 0.5))
    alone_sure, _ = linked(text, tag(text, "Quillon"), tag(text, "Brundle"))
    assert alone.relevance == 100 > alone_sure.relevance
    assert 0 < doubted.relevance < 100


@pytest.mark.parametrize("part", ["the lender", "2024", "A B C D E F G"])
def test_what_looks_like_no_name_makes_no_entity(part: str) -> None:
    text = f"In 2024 Brundle and the lender said A B C D E F G; {part}"
    (mention,) = linked(text, tag(text, part))
    assert (mention.entity, mention.relevance, mention.unsure) == ("", 0, False)


def test_what_the_gazetteer_refuses_makes_no_entity_either() -> None:
    text = "Missiles hit a Target at sea"
    (mention,) = linked(text, tag(text, "Target"))
    assert mention.entity == ""


@pytest.mark.parametrize(
    ("part", "entity"),
    [
        ("Noble Group", "~noble"),
        ("Target Hospitality", "~target-hospitality"),
        ("Grand Target", "~grand-target"),
        ("Target", ""),
        ("The Target", ""),
        ("A Target", ""),
        ("Target Stadium", ""),
    ],
)
def test_a_refused_name_hides_no_other_company_whose_name_goes_on(part: str, entity: str) -> None:
    text = f"Missiles hit what {part} of the east has built"
    mention = tag(text, part)
    refused = [msgspec.structs.replace(match, verdict=Verdict.REFUSED) for match in MATCHER.explain(text)]
    assert refused
    ((named,), untagged) = join(text, [mention], refused, MATCHER.ambiguity.words)
    assert (named.entity, named.text, untagged) == (entity, part, [])


@pytest.mark.parametrize("symbol", ["(PACW)", "(PACW.O)", "(NASDAQ: PACW)", "<PACW.O>", "[$PACW]", "(3333.HK)"])
def test_a_symbol_in_brackets_is_no_company_beside_the_one_that_it_stands_behind(symbol: str) -> None:
    text = f"Brundle Bancorp {symbol} plunges"
    code = symbol.strip("()<>[]").removeprefix("NASDAQ: ")
    for part in (symbol, code, code.partition(".")[0]):
        first, second = linked(text, tag(text, "Brundle Bancorp"), tag(text, part))
        assert (first.entity, first.relevance, second.entity) == ("~brundle-bancorp", 100, "")


def test_a_known_company_in_brackets_keeps_its_entity_and_a_name_in_brackets_is_one() -> None:
    text = "Brundle (Quillon) sinks, Farrow & Daughters (Tollen Mills) too"
    found = linked(text, tag(text, "Quillon"), tag(text, "Tollen Mills"))
    assert [mention.entity for mention in found] == ["quillon", "~tollen-mills"]


def test_a_common_word_is_no_name_unless_more_stands_beside_it() -> None:
    words = {"impact"}
    for part, entity in (("Impact", ""), ("The Impact", ""), ("Impact Holdings", "~impact")):
        text = f"Profit falls at {part}"
        ((named,), _) = join(text, [tag(text, part)], [], words)
        assert named.entity == entity


def test_the_only_company_of_a_text_takes_the_texts_own_sentiment() -> None:
    engine = FixedEngine()
    (mention,) = linked("Tarvex shuts a plant", engine=engine)
    assert (mention.text, mention.entity, mention.confidence) == ("Tarvex", "tarvex", 0.0)
    assert (mention.negative, mention.neutral, mention.positive) == (0.7, 0.2, 0.1)
    assert engine.asked == []


def test_of_several_companies_the_engine_is_asked_for_those_without_a_tag() -> None:
    engine = FixedEngine()
    text = "Quillon lends to Tarvex"
    first, second = linked(text, tag(text, "Quillon"), engine=engine)
    assert (first.entity, second.entity) == ("quillon", "tarvex")
    assert second.positive == 0.6
    assert engine.asked == [(text, (17, 23))]


def test_beyond_what_the_model_reads_a_company_takes_the_mean_of_what_was_read_of_it() -> None:
    engine = ShortSighted()
    text = "Quillon sues Tarvex. Tarvex sinks. Later Tarvex and Quillon did not comment."
    mentions = linked(text, tag(text, "Quillon"), tag(text, "Tarvex"), engine=engine)
    assert engine.asked == [(text, (21, 27))]
    by_start = {
        mention.start: (mention.entity, mention.negative, mention.neutral, mention.positive) for mention in mentions
    }
    assert by_start[21] == ("tarvex", 0.1, 0.3, 0.6)
    assert by_start[text.rindex("Tarvex")] == ("tarvex", 0.3, 0.3, 0.4)
    assert by_start[text.rindex("Quillon")] == ("quillon", 0.5, 0.3, 0.2)


@pytest.mark.parametrize("first", ["Shares fall on a very bad day.", "Quillon falls on very bad day."])
def test_nothing_is_said_toward_a_company_that_the_model_reads_nothing_of(first: str) -> None:
    engine = ShortSighted()
    text = f"{first} Later Tarvex rose."
    *_, mention = linked(text, *(tag(text, part) for part in ("Quillon",) if part in text), engine=engine)
    assert (mention.entity, mention.negative, mention.neutral, mention.positive) == ("tarvex", 0.0, 1.0, 0.0)
    assert engine.asked == []


def test_the_only_company_takes_the_texts_own_sentiment_wherever_it_is_named_if_the_model_reads_of_it() -> None:
    mentions = linked("Tarvex shuts a plant after a long fight. Tarvex rose.", engine=ShortSighted())
    assert [(mention.start, mention.negative, mention.neutral) for mention in mentions] == [
        (0, 0.7, 0.2),
        (41, 0.7, 0.2),
    ]


def test_one_tag_over_two_companies_leaves_the_other_a_mention_of_its_own() -> None:
    text = "Quillon Bank Tarvex deal"
    tagged, untagged = join(text, [tag(text, "Quillon Bank Tarvex")], MATCHER.explain(text))
    assert [mention.entity for mention in tagged] == ["quillon"]
    assert [match.entity for match in untagged] == ["tarvex"]


def test_what_stays_open_is_decided_by_the_embedding() -> None:
    (mention,) = linked("Why Target Is Quiet On Its shop Floors")
    assert mention.entity == "target"
    assert linked("Why Target Is Quiet On Its Rifle Range") == ()


def test_relevance_is_one_number_for_all_mentions_of_an_entity() -> None:
    text = "Quillon sues. " + "Many words. " * 20 + "Tarvex did not comment, nor did Quillon."
    mentions = linked(text, title=13)
    by_entity = {mention.entity: mention.relevance for mention in mentions}
    assert [mention.entity for mention in mentions] == ["quillon", "tarvex", "quillon"]
    assert by_entity["quillon"] > 2 * by_entity["tarvex"]
    assert {mention.relevance for mention in mentions if mention.entity == "quillon"} == {by_entity["quillon"]}


def test_nothing_found_nothing_linked() -> None:
    assert linked("Rain is expected") == ()
    assert with_relevance([], 10, 5) == ()


def test_texts_do_not_touch_one_another() -> None:
    texts = ["Tarvex shuts a plant", "Rain is expected", "Quillon lends to Tarvex"]
    engine = FixedEngine()
    together = Linker(MATCHER).link(texts, [len(text) for text in texts], engine.classify(texts), engine)
    assert together == [linked(text) for text in texts]
