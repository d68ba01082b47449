"""Embeddings as bytes."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.classify.embeddings import dequantise, quantise


def _vectors(count: int, width: int) -> np.ndarray:
    draw = np.random.default_rng(5).standard_normal((count, width)).astype(np.float32)
    vectors: np.ndarray = draw / np.linalg.norm(draw, axis=1, keepdims=True)
    return vectors


@pytest.mark.parametrize("width", [2, 384, 768])
def test_a_vector_takes_a_byte_a_dimension_and_likeness_is_off_by_less_than_a_hundredth(width: int) -> None:
    vectors = _vectors(200, width)
    kept = quantise(vectors)
    back = dequantise(kept)
    assert {len(each) for each in kept} == {width}
    assert np.allclose(np.linalg.norm(back, axis=1), 1.0, atol=1e-5)
    off = back @ back.T - vectors @ vectors.T
    assert np.abs(off).max() < 0.02
    assert np.sqrt((off**2).mean()) < 0.004


def test_keeping_again_what_was_kept_changes_little() -> None:
    once = quantise(_vectors(50, 384))
    twice = quantise(dequantise(once))
    steps = [
        np.abs(np.frombuffer(a, np.int8).astype(int) - np.frombuffer(b, np.int8))
        for a, b in zip(once, twice, strict=True)
    ]
    assert np.concatenate(steps).max() <= 2


def test_of_none_there_are_none_and_of_zeros_there_are_zeros() -> None:
    assert quantise(np.zeros((0, 3), dtype=np.float32)) == []
    assert len(dequantise([])) == 0
    assert dequantise([bytes(3)]).tolist() == [[0, 0, 0]]


def test_embeddings_of_two_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="one width"):
        dequantise([b"ab", b"abc"])
