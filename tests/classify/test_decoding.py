"""From logits to calibrated answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor.classify.added_topics import AddedTopic, AddedTopics
from monitor.classify.decoding import RawAnswers, decode, decode_targets
from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest, Temperatures
from monitor.classify.manifest_engine import ManifestEngine

LABELS = Labels()
TEXT = "Acme Bank sinks"
OFFSETS = [(0, 0), (0, 4), (5, 9), (10, 15), (0, 0)]


def _manifest(temperature: float = 1.0) -> Manifest:
    return Manifest(
        grade="tiny",
        topics=LABELS.topics,
        sentiments=LABELS.sentiments,
        tags=LABELS.tags,
        width=2,
        temperatures=Temperatures(1.0, 1.0, temperature),
        abstain_below=0.5,
        max_tokens=16,
        base_model="tiny",
        base_sha256="0" * 64,
        data_fingerprint="0" * 64,
        recipe={},
        metrics={},
        files={},
    )


def _raw(tags: list[int]) -> RawAnswers:
    by_token = np.full((5, 3), -2.0, dtype=np.float32)
    by_token[np.arange(5), tags] = 2.0
    targets = np.array([[0, 0, 0], [4, 0, 0], [2, 0, 0], [0, 0, 9], [0, 0, 9]], dtype=np.float32)
    return RawAnswers(
        topic=np.zeros((1, 20), dtype=np.float32),
        sentiment=np.array([[0.0, 1.0, 0.0]], dtype=np.float32),
        tags=[by_token],
        targets=[targets],
        embeddings=np.array([[1.0, 0.0]], dtype=np.float32),
        stories=np.array([[0.0, 1.0]], dtype=np.float32),
        offsets=[OFFSETS],
    )


def test_a_mention_has_its_text_and_the_mean_sentiment_of_its_tokens() -> None:
    ((mention,),) = decode([TEXT], _raw([0, 1, 2, 0, 0]), _manifest(), AddedTopics()).mentions
    assert (mention.text, mention.start, mention.end) == ("Acme Bank", 0, 9)
    assert mention.negative == round(float(np.exp(3) / (np.exp(3) + 2)), 5)
    assert mention.confidence == round(float(np.exp(2) / (np.exp(2) + 2 * np.exp(-2))), 5)


def test_marks_are_never_mentions() -> None:
    assert decode([TEXT], _raw([1, 0, 0, 0, 1]), _manifest(), AddedTopics()).mentions == ((),)


def test_a_given_stretch_has_the_sentiment_that_its_mention_has() -> None:
    raw = _raw([0, 1, 2, 0, 0])
    ((mention,),) = decode([TEXT], raw, _manifest(2.0), AddedTopics()).mentions
    toward = decode_targets(raw, [0], [(0, 9)], _manifest(2.0))
    assert toward[0].tolist() == [mention.negative, mention.neutral, mention.positive]


def test_a_stretch_beyond_the_cut_has_the_sentiment_of_the_text() -> None:
    toward = decode_targets(_raw([0] * 5), [0], [(40, 44)], _manifest())
    assert LABELS.sentiments[int(toward[0].argmax())] == "neutral"


def test_a_text_that_is_asked_about_several_times_goes_through_the_model_once() -> None:
    engine = ListedEngine()
    toward = engine.sentiment_toward([TEXT, "Other", TEXT, TEXT], [(0, 4), (0, 4), (5, 9), (0, 9)])
    assert engine.passed == [TEXT, "Other"]
    assert toward.tolist() == [
        engine.sentiment_toward([text], [span])[0].tolist()
        for text, span in ((TEXT, (0, 4)), ("Other", (0, 4)), (TEXT, (5, 9)), (TEXT, (0, 9)))
    ]
    assert len({tuple(row) for row in toward.tolist()}) == 4


class ListedEngine(ManifestEngine):
    """Lists what goes through it; what it says depends on the length of the text."""

    def __init__(self) -> None:
        super().__init__(_manifest(), AddedTopics())
        self.passed = list[str]()

    def raw_answers(self, texts: Sequence[str]) -> RawAnswers:
        self.passed += texts
        one = _raw([0] * 5)
        return RawAnswers(
            topic=np.repeat(one.topic, len(texts), axis=0),
            sentiment=np.repeat(one.sentiment, len(texts), axis=0),
            tags=[*one.tags] * len(texts),
            targets=[one.targets[0] / np.float32(len(text)) for text in texts],
            embeddings=np.repeat(one.embeddings, len(texts), axis=0),
            stories=np.repeat(one.stories, len(texts), axis=0),
            offsets=[OFFSETS] * len(texts),
        )


def test_an_added_topic_takes_its_share_and_leaves_the_others_their_proportions() -> None:
    topic = AddedTopic(name="Floods", description="", origin="examples", examples=8, direction=(1.0, 0.0), bias=0.0)
    plain = decode([TEXT], _raw([0] * 5), _manifest(), AddedTopics())
    added = decode([TEXT], _raw([0] * 5), _manifest(), AddedTopics([topic]))
    share = 1.0 / (1.0 + np.exp(-1.0))
    assert np.isclose(added.topic_probabilities[0, -1], share, atol=1e-5)
    assert np.allclose(added.topic_probabilities[0, :-1], (1.0 - share) * plain.topic_probabilities[0], atol=1e-5)
    assert np.array_equal(added.sentiment_probabilities, plain.sentiment_probabilities)


def test_no_texts_give_empty_answers() -> None:
    nothing = np.zeros((0, 2), np.float32)
    empty = RawAnswers(np.zeros((0, 20), np.float32), np.zeros((0, 3), np.float32), [], [], nothing, nothing, [])
    assert len(decode([], empty, _manifest(), AddedTopics())) == 0
    assert decode_targets(empty, [], [], _manifest()).shape == (0, 3)
