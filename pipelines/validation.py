"""The sets on which models are judged, and their figures on them: one way for card, benchmark and command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from monitor.classify.engine import Engine, Scores
from monitor.learning.data.examples import Example, targets_of
from monitor.learning.judging.evaluation import evaluate
from pipelines.company_news.examples import company_news
from pipelines.datasets import VALIDATION_SETS, LabelledSet, read_set
from pipelines.entity_sets import read_finentity, read_sentfin, split_test

Judged = Literal["topic", "sentiment", "entity", "mentions"]
ENTITY_TASKS: tuple[Judged, ...] = ("entity", "mentions")


@dataclass(frozen=True)
class ValidationSet:
    """Labelled texts that no shipped model was trained on.

    Attributes:
        name: As figures name it.
        task: What is judged on it.
        read: Reads it from the data folder.
    """

    name: str
    task: Judged
    read: Callable[[Path], list[Example]]


def validation_sets() -> tuple[ValidationSet, ...]:
    """All sets, in the order in which figures show them."""
    texts = [
        ValidationSet(labelled.name, labelled.task, partial(_texts, labelled=labelled)) for labelled in VALIDATION_SETS
    ]
    entities = [
        ValidationSet(f"{name} {task}", task, partial(_held_out_tenth, read=read))
        for name, read in (("sentfin", read_sentfin), ("finentity", read_finentity))
        for task in ENTITY_TASKS
    ]
    own = [ValidationSet(f"company news {task}", task, _held_out_frames) for task in ENTITY_TASKS]
    return (*texts, *entities, *own)


def figures(engine: Engine, examples: Sequence[Example], task: Judged) -> dict[str, Any]:
    """An engine's figures on labelled examples.

    Args:
        engine: Any.
        examples: Labelled for the task; for "mentions", all mentions must be marked.
        task: What is judged.

    Returns:
        As `Report.as_json` gives them; for "mentions" n (marked mentions), precision, recall and f1 of exact spans.
    """
    if task == "mentions":
        return _span_figures(engine.classify([example.text for example in examples]), examples)
    if task == "entity":
        asked = targets_of(examples)
        probabilities = engine.sentiment_toward(asked.texts, asked.spans)
        truth = np.array(asked.sentiments, dtype=np.int64)
        return evaluate(probabilities, truth, engine.labels.sentiments).as_json()
    scores = engine.classify([example.text for example in examples])
    probabilities = scores.topic_probabilities if task == "topic" else scores.sentiment_probabilities
    truth = np.array([example.label(task) for example in examples], dtype=np.int64)
    return evaluate(probabilities, truth, engine.labels.names(task)).as_json()


def _texts(data_folder: Path, labelled: LabelledSet) -> list[Example]:
    return read_set(data_folder, labelled)


def _held_out_tenth(data_folder: Path, read: Callable[[Path], list[Example]]) -> list[Example]:
    return split_test(read(data_folder))[1]


def _held_out_frames(_data_folder: Path) -> list[Example]:
    return [example for example in company_news().judged if example.tagged]


def _span_figures(scores: Scores, examples: Sequence[Example]) -> dict[str, Any]:
    hits = given = marked = 0
    for mentions, example in zip(scores.mentions, examples, strict=True):
        found = {(mention.start, mention.end) for mention in mentions}
        true = {(mention.start, mention.end) for mention in example.mentions or ()}
        hits, given, marked = hits + len(found & true), given + len(found), marked + len(true)
    return {
        "n": marked,
        "precision": round(hits / given, 5) if given else 0.0,
        "recall": round(hits / marked, 5) if marked else 0.0,
        "f1": round(2 * hits / (given + marked), 5) if given + marked else 0.0,
    }
