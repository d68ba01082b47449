"""A teacher's answers for many texts: made once, kept in a file, used as soft targets for a smaller student.

Source: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, 2015. Teacher and student must read the
same tokens, so that the answers about single tokens can be taught too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from monitor.errors import ModelError
from monitor.learning.data.encoding import SoftAnswers
from monitor.learning.network.model import Classifier
from monitor.learning.network.predicting import predict

_BY_TEXT = ("topic", "sentiment")
_BY_TOKEN = ("tags", "targets")


def teach(
    teacher: Classifier, rows: Sequence[list[int]], pad_id: int, report: Callable[[int], None] | None = None
) -> list[SoftAnswers]:
    """A teacher's answers for texts, given as token ids.

    Args:
        teacher: Trained.
        rows: Token ids of each text.
        pad_id: Of the teacher's tokenizer.
        report: Told after each pass how many texts are done.
    """
    return predict(teacher, rows, pad_id, half=True, report=report).soft


def save_answers(path: Path, answers: Sequence[SoftAnswers], rows: Sequence[list[int]], teacher_version: str) -> None:
    """Keep a teacher's answers, in float16, with a fingerprint of the tokens that they are about."""
    from safetensors.numpy import save_file

    arrays = {name: np.stack([getattr(answer, name) for answer in answers]) for name in _BY_TEXT}
    arrays |= {name: np.concatenate([getattr(answer, name) for answer in answers]) for name in _BY_TOKEN}
    papers = {"rows": _fingerprint(rows), "teacher": teacher_version}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: array.astype(np.float16) for name, array in arrays.items()}, path, metadata=papers)


def load_answers(path: Path, rows: Sequence[list[int]]) -> tuple[list[SoftAnswers], str]:
    """Read a teacher's answers, and which version gave them.

    Args:
        path: As `save_answers` wrote it.
        rows: The token ids that the answers must be about.

    Raises:
        ModelError: The file is about other tokens.
    """
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        papers = file.metadata()
        if papers.get("rows") != _fingerprint(rows):
            raise ModelError(f"{path}: these answers are about other texts or tokens.", "Let the teacher answer anew.")
        arrays = {name: file.get_tensor(name).astype(np.float32) for name in (*_BY_TEXT, *_BY_TOKEN)}
    ends = np.cumsum([len(row) for row in rows])[:-1]
    parts = {name: np.split(arrays[name], ends) for name in _BY_TOKEN}
    answers = [
        SoftAnswers(arrays["topic"][place], arrays["sentiment"][place], parts["tags"][place], parts["targets"][place])
        for place in range(len(rows))
    ]
    return answers, papers["teacher"]


def _fingerprint(rows: Sequence[list[int]]) -> str:
    return hashlib.sha256(msgspec.json.encode(list(rows))).hexdigest()
