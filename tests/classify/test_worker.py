"""The classify stage: order, watermarks, commits, and what it does with what it cannot read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, article_id
from monitor.broker.codec import ScoredRecord, decode_dead_letter, decode_scored, encode
from monitor.broker.memory import MemoryGroupReader, MemorySender, MemoryTopics
from monitor.broker.names import TopicNames
from monitor.classify.embeddings import dequantise
from monitor.classify.engine import Engine, Floats, Scores
from monitor.classify.labels import Labels
from monitor.classify.linking import Linker
from monitor.classify.mentions import Mention, Span
from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.classify.worker import ClassifyWorker
from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.matching import Matcher
from monitor.errors import BrokerError
from monitor.records import DeadLetter, Watermark

NAMES = TopicNames()
START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


class KeywordEngine:
    """An engine that knows two words, and takes every "oil" for a mention."""

    labels = Labels()
    max_tokens = 64
    abstain_below = 0.4

    def __init__(self, model_version: str = "keywords") -> None:
        self.model_version = model_version

    def classify(self, texts: Sequence[str]) -> Scores:
        topics = np.full((len(texts), len(self.labels.topics)), 0.005)
        sentiments = np.full((len(texts), 3), 0.1)
        for row, text in enumerate(texts):
            topics[row, self.labels.topics.index("Energy | Oil" if "oil" in text else "Markets")] = 0.905
            sentiments[row, 0 if "fall" in text else 2] = 0.8
        embeddings = np.tile(np.array([0.6, -0.8], dtype=np.float32), (len(texts), 1))
        return Scores(topics, sentiments, tuple(map(_oil, texts)), embeddings[:, ::-1], embeddings)

    def sentiment_toward(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        raise NotImplementedError

    def read_to(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


def _oil(text: str) -> tuple[Mention, ...]:
    start = text.find("oil")
    found = Mention(start=start, end=start + 3, text="oil", confidence=0.9, negative=0.7, neutral=0.2, positive=0.1)
    return (found,) if start >= 0 else ()


class Stage:
    """Topics and a clock; workers come and go."""

    def __init__(self, partitions: int = 2) -> None:
        self.topics = MemoryTopics(NAMES.layout(partitions))
        self.now = START

    def feed(self, partition: int, *records: Article | Watermark | DeadLetter | bytes) -> None:
        for record in records:
            value = record if isinstance(record, bytes) else encode(record)
            self.topics.append(NAMES.articles, partition, value)

    def worker(
        self,
        *,
        fails_after: int | None = None,
        tokens: int = 1,
        engines: Callable[[], Engine] = KeywordEngine,
        linker: Linker | None = None,
        read: Callable[[MemoryGroupReader], None] = lambda _: None,
    ) -> ClassifyWorker:
        reader = MemoryGroupReader(self.topics, [NAMES.articles], NAMES.classifiers)
        read(reader)
        return ClassifyWorker(
            reader,
            MemorySender(self.topics, fails_after=fails_after),
            engines,
            NAMES,
            languages=["en"],
            batch_tokens=tokens,
            batch_wait=timedelta(seconds=1),
            clock=lambda: self.now,
            linker=linker,
        )

    def run(self, worker: ClassifyWorker) -> None:
        worker.step()
        self.now += timedelta(seconds=1)
        while worker.step():
            self.now += timedelta(seconds=1)

    def scored(self, partition: int = 0) -> list[ScoredRecord]:
        return [decode_scored(value) for value in self.topics.values(NAMES.scored, partition)]

    def committed(self, partition: int = 0) -> int:
        return self.topics.commits.get((NAMES.classifiers, (NAMES.articles, partition)), 0)


def article(name: str, title: str = "Shares rise", language: str = "en") -> Article:
    return Article(id=article_id(name), source="w", position=name, title=title, language=language, first_seen_at=START)


def named(record: ScoredRecord) -> str:
    match record:
        case ScoredArticle() | UnscoredArticle():
            return record.article.position
        case Watermark():
            return f"|{(record.time - START) // timedelta(seconds=1)}|"
        case DeadLetter():
            return f"{record.stage}!"


KINDS = st.lists(st.sampled_from(["en", "zh", "mark", "letter", "garbage"]), max_size=8)


def message(kind: str, number: int) -> tuple[Article | Watermark | DeadLetter | bytes, str]:
    match kind:
        case "mark":
            return Watermark(time=START + timedelta(seconds=number)), f"|{number}|"
        case "letter":
            return DeadLetter(stage="ingest", reason="r.", source="w", position=str(number), seen_at=START), "ingest!"
        case "garbage":
            return b"\xff{", "classify!"
        case _:
            return article(str(number), language=kind), str(number)


@given(st.lists(KINDS, min_size=1, max_size=3), st.sampled_from([1, 500]))
def test_each_partition_keeps_its_order_watermarks_included(partitions: list[list[str]], tokens: int) -> None:
    stage = Stage(len(partitions))
    expected = []
    for partition, kinds in enumerate(partitions):
        messages = [message(kind, number) for number, kind in enumerate(kinds)]
        stage.feed(partition, *(record for record, _ in messages))
        expected.append([name for _, name in messages])
    stage.run(stage.worker(tokens=tokens))
    assert [[named(record) for record in stage.scored(partition)] for partition in range(len(partitions))] == expected
    assert [stage.committed(partition) for partition in range(len(partitions))] == [len(kinds) for kinds in partitions]


@given(st.lists(KINDS, min_size=2, max_size=2), st.lists(st.integers(0, 12), max_size=3))
def test_a_worker_killed_at_any_points_loses_nothing(partitions: list[list[str]], kills: list[int]) -> None:
    stage = Stage()
    for partition, kinds in enumerate(partitions):
        stage.feed(partition, *(message(kind, number)[0] for number, kind in enumerate(kinds)))
    for delivered in kills:
        with suppress(BrokerError):
            stage.run(stage.worker(fails_after=delivered))
        for partition in (0, 1):
            assert stage.committed(partition) <= len(stage.scored(partition))
    stage.run(stage.worker())
    for partition, kinds in enumerate(partitions):
        # Whatever was repeated before it, what the last worker wrote ends as an undisturbed one's.
        wanted = [message(kind, number)[1] for number, kind in enumerate(kinds)]
        written = [named(record) for record in stage.scored(partition)]
        assert set(written) == set(wanted)
        assert written[len(written) - len(wanted) :] == wanted or len(written) > len(wanted)
        first_seen = list(dict.fromkeys(name for name in written if name.isdigit()))
        assert first_seen == [name for name in wanted if name.isdigit()]


def test_an_article_gets_its_topic_and_sentiment_with_the_likely_topics_alone() -> None:
    stage = Stage()
    stage.feed(0, article("a", "oil prices fall"))
    stage.run(stage.worker())
    (scored,) = stage.scored()
    assert isinstance(scored, ScoredArticle)
    assert (scored.topic, scored.topic_probabilities) == ("Energy | Oil", {"Energy | Oil": 0.905})
    assert (scored.sentiment, scored.negative, scored.model_version) == ("negative", 0.8, "keywords")
    assert scored.abstain_below == 0.4


def test_an_article_gets_its_mentions_and_the_vector_that_tells_its_story() -> None:
    stage = Stage()
    stage.feed(0, article("a", "Crude oil prices fall"), article("b"))
    stage.run(stage.worker())
    named_one, other = stage.scored()
    assert isinstance(named_one, ScoredArticle)
    assert isinstance(other, ScoredArticle)
    assert [(mention.text, mention.start, mention.sentiment) for mention in named_one.mentions] == [
        ("oil", 6, "negative")
    ]
    assert other.mentions == ()
    assert np.allclose(dequantise([named_one.embedding]), [[0.6, -0.8]], atol=0.01)


def test_a_message_from_before_there_were_mentions_is_read() -> None:
    stage = Stage()
    stage.feed(0, article("a"))
    stage.run(stage.worker())
    fields = msgspec.json.decode(stage.topics.values(NAMES.scored)[0])
    old = {name: value for name, value in fields.items() if name not in ("mentions", "embedding", "abstain_below")}
    read = decode_scored(msgspec.json.encode(old))
    assert isinstance(read, ScoredArticle)
    assert (read.mentions, read.embedding, read.abstain_below) == ((), b"", 0.5)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(0, 8))
def test_another_engine_takes_over_between_two_batches_and_every_message_comes_once_in_order(
    batches: list[int], takeover: int
) -> None:
    stage, steps = Stage(1), itertools.count()
    names = [[f"{batch}/{n}" for n in range(size)] for batch, size in enumerate(batches)]
    # The worker asks once when it is made, then once a step; a step is a batch here.
    worker = stage.worker(engines=lambda: KeywordEngine("new" if next(steps) > takeover else "old"))
    for batch in names:
        stage.feed(0, *(article(name) for name in batch))
        worker.step()
    scored = [record for record in stage.scored() if isinstance(record, ScoredArticle)]
    assert [record.article.position for record in scored] == [name for batch in names for name in batch]
    assert [record.model_version for record in scored] == [
        "old" if number + 1 <= takeover else "new" for number, batch in enumerate(names) for _ in batch
    ]
    assert stage.committed() == len(scored)


def test_a_language_that_the_model_does_not_read_is_passed_on_unscored_with_the_reason() -> None:
    stage = Stage()
    stage.feed(0, article("a", language="zh"))
    worker = stage.worker()
    stage.run(worker)
    assert stage.scored() == [
        UnscoredArticle(article=article("a", language="zh"), reason="Language zh is not supported by model keywords.")
    ]
    assert worker.classified == 0


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\xff\xfe", b"{}", b'{"type":"watermark","time":"2024-05-06T00:00:00"}', b'{"x":' + b"[" * 100_000,
     encode(article("a")).replace(b'"v":1', b'"v":2'), b"0" * 100_000],
)  # fmt: skip
def test_a_message_that_is_no_record_becomes_a_dead_letter_in_its_place_and_on_the_dead_letter_topic(
    garbage: bytes,
) -> None:
    stage = Stage()
    stage.feed(0, garbage, article("a"))
    stage.run(stage.worker())
    letter, scored = stage.scored()
    assert isinstance(letter, DeadLetter)
    assert isinstance(scored, ScoredArticle)
    assert (letter.source, letter.position, letter.original) == ("articles/0", "0", garbage[:65_536])
    assert [decode_dead_letter(value) for value in stage.topics.values(NAMES.dead_letters)] == [letter]


def test_a_dead_letter_of_ingest_is_not_told_of_twice() -> None:
    stage = Stage()
    stage.feed(0, message("letter", 0)[0])
    stage.run(stage.worker())
    assert stage.topics.values(NAMES.dead_letters) == []


def test_nothing_is_committed_before_all_of_it_is_delivered() -> None:
    stage = Stage()
    stage.feed(0, article("a"), article("b"))
    with pytest.raises(BrokerError):
        stage.run(stage.worker(fails_after=1))
    assert (len(stage.scored()), stage.committed()) == (1, 0)


def test_a_batch_waits_to_be_filled_and_finish_passes_it_on_at_once() -> None:
    stage = Stage()
    stage.feed(0, article("a"))
    worker = stage.worker(tokens=500)
    assert worker.step() == 0
    assert stage.scored() == []
    worker.finish()
    assert [named(record) for record in stage.scored()] == ["a"]
    assert stage.committed() == 1


def test_what_is_in_hand_of_revoked_partitions_is_dropped_and_the_rest_passed_on() -> None:
    stage = Stage()
    stage.feed(0, article("a"))
    stage.feed(1, article("b"), article("c"))
    readers: list[MemoryGroupReader] = []
    worker = stage.worker(tokens=500, read=readers.append)
    worker.step()
    readers[0].revoke([(NAMES.articles, 1)])
    worker.drop_revoked({(NAMES.articles, 1)})
    worker.finish()
    assert [named(record) for record in stage.scored(0)] == ["a"]
    assert stage.scored(1) == []
    assert (stage.committed(0), stage.committed(1)) == (1, 0)
    stage.run(stage.worker())
    assert [named(record) for record in stage.scored(1)] == ["b", "c"]


def test_with_a_linker_mentions_know_their_companies() -> None:
    linker = Linker(Matcher(Gazetteer([Entity(id="tarvex", name="Tarvex")])))
    stage = Stage()
    stage.feed(0, article("a", "Tarvex falls"), article("b", "Rain in Leeds"))
    stage.run(stage.worker(linker=linker))
    first, second = stage.scored()
    assert isinstance(first, ScoredArticle)
    assert isinstance(second, ScoredArticle)
    assert [(mention.entity, mention.relevance) for mention in first.mentions] == [("tarvex", 100)]
    assert first.mentions[0].negative == 0.8
    assert second.mentions == ()
