"""The shipped model on its CPU engine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.classify.engine import Engine, Scores
from monitor.classify.labels import Labels
from monitor.classify.openvino_engine import SHIPPED_MODEL, OpenVinoEngine, batches
from monitor.errors import ModelError

HEADLINES = [
    "Regional lender collapses as depositors flee and shares plunge",
    "Chipmaker lifts its outlook after record quarterly profit",
    "Central bank leaves its policy rate unchanged",
    "Crude slips as inventories rise more than expected",
    "Software firm names a new chief financial officer",
    "Utility declares a quarterly dividend of 40 cents a share",
    "Biotech prices its initial public offering at the top of the range",
    "Fell.",
    "",
]
LONG = " ".join(HEADLINES) * 8
"""More tokens than the model reads."""

PLACES = st.lists(st.integers(0, len(HEADLINES)), min_size=1, max_size=24)


def _bits(scores: Scores, place: int) -> bytes:
    return bytes(scores.topic_probabilities[place].tobytes() + scores.sentiment_probabilities[place].tobytes())


@settings(max_examples=20, deadline=None)
@given(PLACES)
def test_scores_are_the_same_bits_whatever_batch_a_text_is_in(engine: OpenVinoEngine, places: list[int]) -> None:
    texts = [*HEADLINES, LONG]
    alone = [engine.classify([text]) for text in texts]
    together = engine.classify([texts[place] for place in places])
    assert [_bits(together, line) for line in range(len(places))] == [_bits(alone[place], 0) for place in places]


def test_many_texts_of_all_lengths_score_as_they_do_alone(engine: OpenVinoEngine) -> None:
    words = LONG.split()
    texts = [" ".join(words[start : start + 1 + start % 90]) for start in range(400)]
    together = engine.classify(texts)
    for place in range(0, len(texts), 7):
        assert _bits(engine.classify([texts[place]]), 0) == _bits(together, place)


def test_the_sentiment_toward_a_stretch_is_the_same_bits_whatever_else_is_asked(engine: OpenVinoEngine) -> None:
    asked = [(text, (start, start + 9)) for text in (*HEADLINES[:6], LONG) for start in range(0, 60, 7)]
    together = engine.sentiment_toward([text for text, _ in asked], [span for _, span in asked])
    assert [row.tobytes() for row in together] == [
        engine.sentiment_toward([text], [span]).tobytes() for text, span in asked
    ]


def test_it_says_up_to_where_it_reads_a_text(engine: OpenVinoEngine) -> None:
    whole, none, cut = engine.read_to(["Fell sharply.", "", LONG])
    assert (whole, none) == (13, 0)
    assert 0 < cut < len(LONG)
    assert engine.read_to([LONG[:cut], LONG[:cut] + " and Boeing rose"]) == [cut, cut]
    assert np.array_equal(engine.classify([LONG[:cut]]).embeddings, engine.classify([LONG]).embeddings)


def test_the_number_of_threads_changes_no_bit(engine: OpenVinoEngine) -> None:
    texts = [*HEADLINES, LONG] * 5
    one, two = OpenVinoEngine(threads=1).classify(texts), engine.classify(texts)
    assert [_bits(one, place) for place in range(len(texts))] == [_bits(two, place) for place in range(len(texts))]


def test_probabilities_have_the_promised_shape(engine: OpenVinoEngine) -> None:
    scores = engine.classify(HEADLINES)
    assert scores.topic_probabilities.shape == (len(HEADLINES), 20)
    assert scores.sentiment_probabilities.shape == (len(HEADLINES), 3)
    for probabilities in (scores.topic_probabilities, scores.sentiment_probabilities):
        assert np.allclose(probabilities.sum(axis=1), 1.0, atol=2e-4)
        assert (probabilities == probabilities.round(5)).all()


def test_plain_cases_are_right(engine: OpenVinoEngine) -> None:
    scores = engine.classify(HEADLINES[:6])
    sentiments = [engine.labels.sentiments[place] for place in scores.sentiments]
    topics = [engine.labels.topics[place] for place in scores.topics]
    assert sentiments[:2] == ["negative", "positive"]
    assert topics[2] == "Fed | Central Banks"
    assert topics[3] == "Energy | Oil"
    assert topics[4] == "Personnel Change"
    assert topics[5] == "Dividend"


def test_no_texts_give_empty_scores(engine: OpenVinoEngine) -> None:
    scores = engine.classify([])
    assert len(scores) == 0
    assert scores.topic_probabilities.shape == (0, 20)


def test_it_is_an_engine(engine: OpenVinoEngine) -> None:
    promised: Engine = engine
    assert promised.labels == Labels()
    assert promised.model_version.startswith("fast-")
    assert promised.max_tokens == 128
    assert engine.count_tokens([LONG]) == [128]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped model to spoil."""
    return Path(shutil.copytree(SHIPPED_MODEL, tmp_path / "fast"))


def test_a_model_with_other_labels_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["topics"][3], manifest["topics"][4] = manifest["topics"][4], manifest["topics"][3]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="output 3 is 'Dividend'"):
        OpenVinoEngine(copy)


@pytest.mark.parametrize("name", ["model.bin", "model.xml", "tokenizer.json"])
def test_a_changed_file_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        OpenVinoEngine(copy)


def test_a_missing_file_is_refused(copy: Path) -> None:
    (copy / "model.bin").unlink()
    with pytest.raises(ModelError, match="missing"):
        OpenVinoEngine(copy)


@pytest.mark.parametrize(
    "spoil", [{"schema": 1}, {"surprise": 1}, {"max_tokens": "many"}, {"temperatures": {"topic": 1.0}}]
)
def test_a_manifest_of_another_shape_is_refused(copy: Path, spoil: dict[str, object]) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | spoil))
    with pytest.raises(ModelError, match="manifest"):
        OpenVinoEngine(copy)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json"):
        OpenVinoEngine(tmp_path)


def test_the_shipped_model_is_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED_MODEL.iterdir()) < 30_000_000


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=70), max_size=40), st.integers(1, 300))
def test_batches_hold_every_row_once_at_a_width_of_its_own(rows: list[list[int]], size: int) -> None:
    seen = dict[int, tuple[list[int], int]]()
    for batch in batches(rows, size):
        assert batch.ids.shape == batch.mask.shape
        assert batch.ids.size <= max(size, batch.ids.shape[1])
        for line, place in enumerate(batch.places.tolist()):
            assert place not in seen
            seen[place] = (batch.ids[line][batch.mask[line] == 1].tolist(), batch.ids.shape[1])
    assert [seen[place][0] for place in range(len(rows))] == rows
    assert all(seen[place][1] == -(-len(row) // 8) * 8 for place, row in enumerate(rows))


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=20), max_size=60), st.integers(1, 300))
def test_even_batches_hold_every_row_once_and_a_power_of_two_of_them(rows: list[list[int]], size: int) -> None:
    places = list[int]()
    for batch in batches(rows, size, even=True):
        assert len(batch.places).bit_count() == 1
        places += batch.places.tolist()
    assert sorted(places) == list(range(len(rows)))


QUIET = """
import sys
events = []
sys.addaudithook(lambda name, _: events.append(name) if name.startswith("socket.") else None)
from monitor.classify.openvino_engine import OpenVinoEngine
OpenVinoEngine(threads=1).classify(["Shares fall"])
loaded = [name for name in sys.modules if name.startswith("openvino_telemetry") and sys.modules[name] is not None]
heavy = [name for name in ("torch", "transformers") if name in sys.modules]
print([name for name in events if name in ("socket.connect", "socket.getaddrinfo")], loaded, heavy)
"""


def test_scoring_loads_no_telemetry_and_opens_no_connection_and_needs_no_torch(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(SHIPPED_MODEL.parent.parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", QUIET], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip() == "[] [] []", done.stderr
    assert list(tmp_path.iterdir()) == []  # OpenVINO's telemetry would have left its consent file here
