"""A teacher's answers for many texts: made once, kept in a file, used as soft targets for a smaller student.

Source: Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, 2015. The teacher reads a text by its
own tokens; what it says of single ones is taught about the student's tokens in the same places of the text.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from monitor.classify.mentions import Span
from monitor.errors import ModelError
from monitor.learning.data.encoding import Floats, SoftAnswers
from monitor.learning.network.model import Classifier
from monitor.learning.network.predicting import predict

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BY_TEXT = ("topic", "sentiment")
_BY_TOKEN = ("tags", "targets")


def teach(
    teacher: Classifier,
    tokenizer: Tokenizer,
    pad_id: int,
    texts: Sequence[str],
    student: Tokenizer,
    report: Callable[[int], None] | None = None,
) -> list[SoftAnswers]:
    """A teacher's answers for texts, with one for each of the student's tokens.

    Args:
        teacher: Trained.
        tokenizer: The teacher's, truncating, not padding.
        pad_id: Of its padding.
        texts: Prepared.
        student: Its tokenizer, likewise.
        report: Told after each pass how many texts are done.
    """
    read, learnt = (encoder.encode_batch(list(texts)) for encoder in (tokenizer, student))
    answers = predict(teacher, [each.ids for each in read], pad_id, half=True, report=report).soft
    found = list[SoftAnswers]()
    for answer, theirs, mine in zip(answers, read, learnt, strict=True):
        places = aligned(theirs.offsets, mine.offsets)
        found.append(SoftAnswers(answer.topic, answer.sentiment, answer.tags[places], answer.targets[places]))
    return found


def aligned(theirs: Sequence[Span], mine: Sequence[Span]) -> list[int]:
    """For each token the place of the other reader's token that holds its first character.

    Marks, and what the other reader cut off, get the other's first mark.

    >>> aligned([(0, 0), (0, 4), (5, 9), (0, 0)], [(0, 0), (0, 2), (2, 4), (5, 9), (10, 12), (0, 0)])
    [0, 1, 1, 2, 0, 0]
    """
    holder = {letter: place for place, (start, end) in enumerate(theirs) for letter in range(start, end)}
    return [holder.get(start, 0) if end > start else 0 for start, end in mine]


def agreement(labels: Sequence[int], logits: Sequence[Floats]) -> tuple[float, float]:
    """How often a teacher says what the labels say, and how often their most frequent one would.

    Args:
        labels: At least one.
        logits: [classes] for each.

    >>> agreement([0, 0, 1], [np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0])])
    (0.6666666666666666, 0.6666666666666666)
    """
    said = [int(np.argmax(answer)) for answer in logits]
    right = sum(mine == theirs for mine, theirs in zip(labels, said, strict=True))
    return right / len(labels), max(Counter(labels).values()) / len(labels)


def save_answers(
    path: Path, answers: Sequence[SoftAnswers], texts: Sequence[str], rows: Sequence[list[int]], teacher_version: str
) -> None:
    """Keep a teacher's answers, in float16, with a fingerprint of the texts and tokens that they are about.

    The file appears all at once: who finds it takes it for whole.
    """
    from safetensors.numpy import save_file

    arrays = {name: np.stack([getattr(answer, name) for answer in answers]) for name in _BY_TEXT}
    arrays |= {name: np.concatenate([getattr(answer, name) for answer in answers]) for name in _BY_TOKEN}
    papers = {"about": _fingerprint(texts, rows), "teacher": teacher_version}
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.partial")
    save_file({name: array.astype(np.float16) for name, array in arrays.items()}, aside, metadata=papers)
    aside.replace(path)


def load_answers(path: Path, texts: Sequence[str], rows: Sequence[list[int]]) -> tuple[list[SoftAnswers], str]:
    """Read a teacher's answers, and which version gave them.

    Args:
        path: As `save_answers` wrote it.
        texts: That the answers must be about.
        rows: The student's token ids of each.

    Raises:
        ModelError: The file is about others, or cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    again = "Remove the file: the teacher answers anew."
    try:
        with safe_open(path, framework="numpy") as file:
            papers = file.metadata() or {}
            arrays = {name: file.get_tensor(name).astype(np.float32) for name in (*_BY_TEXT, *_BY_TOKEN)}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: these answers cannot be read: {error}.", again) from error
    if papers.get("about") != _fingerprint(texts, rows):
        raise ModelError(f"{path}: these answers are about other texts or tokens.", again)
    ends = np.cumsum([len(row) for row in rows])[:-1]
    parts = {name: np.split(arrays[name], ends) for name in _BY_TOKEN}
    answers = [
        SoftAnswers(arrays["topic"][place], arrays["sentiment"][place], parts["tags"][place], parts["targets"][place])
        for place in range(len(rows))
    ]
    return answers, papers["teacher"]


def _fingerprint(texts: Sequence[str], rows: Sequence[list[int]]) -> str:
    return hashlib.sha256(msgspec.json.encode((list(texts), list(rows)))).hexdigest()
