"""A teacher's answers, kept and read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ModelError
from monitor.learning.data.encoding import SoftAnswers
from monitor.learning.training.distillation import load_answers, save_answers

ROWS = st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=9), min_size=1, max_size=12)


def _answers(rows: list[list[int]]) -> list[SoftAnswers]:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.normal(size=shape).astype(np.float16).astype(np.float32)

    return [SoftAnswers(draw(20), draw(3), draw(len(row), 3), draw(len(row), 3)) for row in rows]


@settings(max_examples=20, deadline=None)
@given(rows=ROWS)
def test_answers_are_read_as_they_were_kept(rows: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    path, answers = tmp_path_factory.mktemp("soft") / "answers.safetensors", _answers(rows)
    texts = [str(row) for row in rows]
    save_answers(path, answers, texts, rows, "quality-0123")
    found, teacher = load_answers(path, texts, rows)
    assert teacher == "quality-0123"
    for mine, theirs in zip(answers, found, strict=True):
        for name in ("topic", "sentiment", "tags", "targets"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name))


def test_answers_about_other_texts_or_tokens_are_refused(tmp_path: Path) -> None:
    rows, texts = [[1, 2], [3]], ["a b", "c"]
    path = tmp_path / "answers.safetensors"
    save_answers(path, _answers(rows), texts, rows, "quality-0123")
    with pytest.raises(ModelError, match="other texts"):
        load_answers(path, texts, [[1, 2], [4]])
    with pytest.raises(ModelError, match="other texts"):
        load_answers(path, ["a b", "d"], rows)


@pytest.mark.parametrize("left", [0, 4, 200])
def test_answers_that_were_cut_off_are_refused_by_name(tmp_path: Path, left: int) -> None:
    rows, texts = [[1, 2], [3]], ["a b", "c"]
    path = tmp_path / "answers.safetensors"
    save_answers(path, _answers(rows), texts, rows, "quality-0123")
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ModelError, match=r"answers\.safetensors: these answers cannot be read"):
        load_answers(path, texts, rows)
