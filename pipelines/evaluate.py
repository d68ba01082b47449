"""Judge a model on anyone's labelled file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from monitor.classify.engine import Engine
from monitor.classify.labels import Task
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.learning.evaluation import Report, evaluate
from monitor.learning.examples import Example, read_examples


def evaluate_file(
    path: Path,
    *,
    text_column: str,
    label_column: str,
    task: Task,
    label_map: Mapping[str, str],
    engine: Engine | None = None,
) -> Report:
    """Compare an engine's answers with the labels of a file.

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


def judge(engine: Engine, examples: Sequence[Example], task: Task) -> Report:
    """Compare an engine's answers with the labels of examples, all of which are labelled for the task."""
    scores = engine.classify([example.text for example in examples])
    probabilities = scores.topic_probabilities if task == "topic" else scores.sentiment_probabilities
    truth = np.array([example.label(task) for example in examples], dtype=np.int64)
    return evaluate(probabilities, truth, engine.labels.names(task))
