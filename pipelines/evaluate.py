"""Judge a model on anyone's labelled file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.classify.engine import Engine
from monitor.classify.labels import Task
from monitor.classify.mentions import Span
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.classify.text import prepare_text
from monitor.errors import InputError
from monitor.learning.data.examples import (
    Example,
    find_entity,
    label_places,
    read_examples,
    read_label,
    read_text,
)
from monitor.learning.data.reading import read_records
from monitor.learning.judging.evaluation import Report, evaluate

_CHUNK = 2_000
"""Texts scored at once: what is kept of each is its probabilities alone."""
_NOWHERE: Span = (0, 0)
"""A span that no token touches: an engine answers with the text's own sentiment."""


def evaluate_file(
    path: Path,
    *,
    text_column: str,
    label_column: str,
    task: Task,
    label_map: Mapping[str, str],
    engine: Engine | None = None,
) -> Report:
    """Compare an engine's answers about whole texts with the labels of a file.

    Args:
        path: CSV, JSON lines or Parquet.
        text_column: Column of the text.
        label_column: Column of the label.
        task: The head to judge.
        label_map: Label name by raw label; empty if the file holds the names.
        engine: The shipped model on the CPU by default.

    Raises:
        InputError: Naming file, row and remedy.
        ModelError: If the model cannot be loaded.
    """
    engine = engine or OpenVinoEngine()
    examples = read_examples(
        path,
        text_column=text_column,
        label_column=label_column,
        task=task,
        label_map=label_map,
        labels=engine.labels,
    )
    return judge(engine, examples, task)


def evaluate_entities(
    path: Path,
    *,
    text_column: str,
    entity_column: str,
    label_column: str,
    label_map: Mapping[str, str],
    engine: Engine,
) -> tuple[Report, int]:
    """Compare an engine's sentiment toward given entities with the labels of a file.

    An entity is looked for in the prepared text as whole words, whatever their case; where it stands there several
    times the first place is taken.

    Args:
        path: CSV, JSON lines or Parquet; one row for each entity of a text.
        text_column: Column of the text.
        entity_column: Column of the company or asset, as the text names it.
        label_column: Column of the sentiment toward it.
        label_map: Label name by raw label; empty if the file holds the names.
        engine: The model.

    Returns:
        The figures over all rows; and how many rows were judged by the text's own sentiment, because the text does not
        name the entity in these words, or names it beyond what the model reads.

    Raises:
        InputError: Naming file, row and remedy.
    """
    known = label_places(label_map, engine.labels.sentiments, "entity")
    texts, spans, truth = list[str](), list[Span](), list[int]()
    for number, fields in read_records(path, (text_column, entity_column, label_column)):
        where = f"{path}, row {number}"
        text = read_text(where, fields[text_column])
        name = prepare_text(str(fields[entity_column] or ""))
        if not name:
            raise InputError(f"{where}: the entity is empty.", "Fill it in or remove the row.")
        texts.append(text)
        spans.append(next(iter(find_entity(text, name)), _NOWHERE))
        truth.append(read_label(where, fields[label_column], known))
    parts, lost = list[npt.NDArray[np.float64]](), 0
    for start in range(0, len(texts), _CHUNK):
        some, places = texts[start : start + _CHUNK], spans[start : start + _CHUNK]
        parts.append(engine.sentiment_toward(some, places))
        lost += _unread(engine, some, places)
    report = evaluate(np.concatenate(parts), np.array(truth, dtype=np.int64), engine.labels.sentiments)
    return report, lost


def judge(engine: Engine, examples: Sequence[Example], task: Task) -> Report:
    """Compare an engine's answers with the labels of examples, all of which are labelled for the task."""
    parts = list[npt.NDArray[np.float64]]()
    for start in range(0, len(examples), _CHUNK):
        scores = engine.classify([example.text for example in examples[start : start + _CHUNK]])
        parts.append(scores.topic_probabilities if task == "topic" else scores.sentiment_probabilities)
    truth = np.array([example.label(task) for example in examples], dtype=np.int64)
    return evaluate(np.concatenate(parts), truth, engine.labels.names(task))


def _unread(engine: Engine, texts: Sequence[str], spans: Sequence[Span]) -> int:
    """How many spans are nowhere in their text, or behind what the model reads of it."""
    ends = engine.read_to(texts)
    return sum(span == _NOWHERE or span[0] >= end for span, end in zip(spans, ends, strict=True))
