"""Weights over their base, on the CPU and, where there is one, on a GPU. Needs the extra: train."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.classify.engine import Engine, Scores
from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest, file_sha256, load_manifest, write_manifest
from monitor.classify.openvino_engine import batches
from monitor.classify.options import Compiling, Precision
from monitor.classify.torch_engine import GPU_TOLERANCE, TorchEngine
from monitor.classify.torch_passes import padded
from monitor.errors import ModelError
from monitor.learning.network.predicting import predict
from monitor.learning.recipe import Method
from tests.classify.tiny_folders import adapted, weights_folder
from tests.learning.tiny import tiny_base

TEXTS = [
    "oil falls",
    "gold rises and euro waits",
    "",
    "dividend meets oil, euro soars while gold plunges and wins again and again and again and again",
    "votes",
    "gold",
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def folder(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights_folder(tmp_path_factory.mktemp("model") / "tiny", base, adapted(base, 3))


@pytest.fixture(scope="module")
def engine(folder: Path, base: Path) -> TorchEngine:
    return TorchEngine(folder, threads=1, device="cpu", base_folder=base)


@pytest.fixture(scope="module")
def alone(engine: TorchEngine) -> list[Scores]:
    """What each text scores by itself."""
    return [engine.classify([text]) for text in TEXTS]


def _bits(scores: Scores, place: int) -> tuple[bytes, bytes, bytes, object]:
    return (
        scores.topic_probabilities[place].tobytes(),
        scores.sentiment_probabilities[place].tobytes(),
        scores.embeddings[place].tobytes(),
        scores.mentions[place],
    )


@settings(max_examples=20)
@given(st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=12))
def test_on_the_cpu_scores_are_the_same_bits_whatever_texts_are_with_them(
    engine: TorchEngine, alone: list[Scores], places: list[int]
) -> None:
    together = engine.classify([TEXTS[place] for place in places])
    assert [_bits(together, line) for line in range(len(places))] == [_bits(alone[place], 0) for place in places]


def test_it_is_an_engine_that_says_who_it_is(engine: TorchEngine) -> None:
    promised: Engine = engine
    assert promised.labels == Labels()
    assert promised.model_version.startswith("tiny-")
    assert (promised.max_tokens, promised.abstain_below, engine.device) == (16, 0.45, "cpu")


def test_scores_have_the_promised_shape(engine: TorchEngine) -> None:
    scores = engine.classify(TEXTS)
    assert scores.topic_probabilities.shape == (6, 20)
    assert scores.sentiment_probabilities.shape == (6, 3)
    assert scores.embeddings.shape == (6, 32)
    assert np.allclose(np.linalg.norm(scores.embeddings, axis=1), 1.0, atol=1e-5)
    assert any(scores.mentions), "a random model finds something"
    assert all(text[mention.start : mention.end] == mention.text
               for text, found in zip(TEXTS, scores.mentions, strict=True) for mention in found)  # fmt: skip
    assert len(engine.classify([])) == 0
    toward = engine.sentiment_toward(["oil falls", "gold"], [(0, 3), (90, 95)])
    assert np.allclose(toward.sum(axis=1), 1.0, atol=1e-4)


@pytest.mark.parametrize("method", ["full", "lora", "adalora", "bottleneck"])
def test_what_was_trained_is_what_serves(base: Path, tmp_path: Path, method: Method) -> None:
    model = adapted(base, 5, method)
    recipe = {"method": method, "rank": 4, "alpha": 16.0}
    engine = TorchEngine(weights_folder(tmp_path / "tiny", base, model, recipe=recipe), device="cpu", base_folder=base)
    raw = engine.raw_answers(TEXTS)
    rows = [encoding.ids for encoding in engine._tokenizer.encode_batch(TEXTS)]
    exact = predict(model, rows, 0)
    assert np.allclose(raw.topic, exact.topic(), atol=1e-4)
    assert np.allclose(raw.sentiment, exact.sentiment(), atol=1e-4)
    assert np.allclose(raw.embeddings, exact.embeddings, atol=1e-4)
    for place in range(len(TEXTS)):
        assert np.allclose(raw.tags[place], exact.soft[place].tags, atol=1e-4)
        assert np.allclose(raw.targets[place], exact.soft[place].targets, atol=1e-4)


def test_a_base_with_other_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tiny_base(tmp_path / "other", "mpnet")
    with pytest.raises(ModelError, match="sha256"):
        TorchEngine(folder, device="cpu", base_folder=other)


def test_a_base_that_is_nowhere_is_named(folder: Path) -> None:
    with pytest.raises(ModelError, match="no base model 'tiny'"):
        TorchEngine(folder, device="cpu")


def test_weights_of_another_method_are_refused(base: Path, tmp_path: Path) -> None:
    spoilt = weights_folder(tmp_path / "tiny", base, adapted(base, 5, "lora"))  # its papers say: full
    with pytest.raises(ModelError, match="do not fit"):
        TorchEngine(spoilt, device="cpu", base_folder=base)


def test_a_damaged_file_is_refused_even_where_its_hash_is_as_it_should_be(base: Path, tmp_path: Path) -> None:
    spoilt = weights_folder(tmp_path / "tiny", base, adapted(base, 5))
    (spoilt / "weights.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match=r"weights\.safetensors"):
        TorchEngine(spoilt, device="cpu", base_folder=base)
    names = ("weights.safetensors", "tokenizer.json")
    papers = msgspec.json.decode((spoilt / "manifest.json").read_bytes(), type=Manifest)
    write_manifest(spoilt, msgspec.structs.replace(papers, files={name: file_sha256(spoilt / name) for name in names}))
    assert load_manifest(spoilt, Labels()).grade == "tiny"
    with pytest.raises(ModelError, match="cannot be read"):
        TorchEngine(spoilt, device="cpu", base_folder=base)


@pytest.mark.skipif(torch.cuda.is_available(), reason="There is a GPU.")
def test_without_a_gpu_it_runs_on_the_cpu_and_says_so_once_and_refuses_where_one_is_insisted_on(
    folder: Path, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        engine = TorchEngine(folder, base_folder=base)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("There is no GPU (")
    assert line.endswith(f"so {engine.model_version} runs on the CPU in float32.")
    assert engine.device == "cpu"
    with pytest.raises(ModelError, match=r"classify\.device is cuda"):
        TorchEngine(folder, device="cuda", base_folder=base)


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=40), min_size=1, max_size=20), st.integers(0, 9))
def test_padding_changes_no_token_and_fills_rows_that_count_one(rows: list[list[int]], spare: int) -> None:
    for batch in batches(rows, 100):
        ids, mask = padded(batch, 77, len(batch.ids) + spare)
        for line, place in enumerate(batch.places.tolist()):
            assert ids[line][mask[line] == 1].tolist() == rows[place]
        assert (ids[mask == 0] == 77).all()
        assert (mask[len(batch.ids) :].sum(axis=1) == 1).all()
        assert len(ids) == len(batch.ids) + spare


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no GPU.")
@pytest.mark.parametrize("compiling", ["off", "on", "graphs"])
@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_a_gpu_answers_as_the_cpu_does_in_any_company(
    engine: TorchEngine, folder: Path, base: Path, precision: Precision, compiling: Compiling
) -> None:
    on_gpu = TorchEngine(folder, device="cuda", precision=precision, compiling=compiling, base_folder=base)
    assert on_gpu.device == "cuda"
    many = TEXTS * 400
    exact, found = engine.classify(TEXTS), on_gpu.classify(many)
    for place in range(len(many)):
        same = place % len(TEXTS)
        for mine, theirs in (
            (found.topic_probabilities, exact.topic_probabilities),
            (found.sentiment_probabilities, exact.sentiment_probabilities),
        ):
            assert np.abs(mine[place] - theirs[same]).max() < GPU_TOLERANCE
        assert found.embeddings[place] @ exact.embeddings[same] > 0.999
