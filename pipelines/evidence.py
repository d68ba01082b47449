"""What speaks for training a model anew, collected from the store and from the model itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Literal

import numpy as np

from monitor.classify.engine import Engine, Scores
from monitor.classify.labels import Task
from monitor.classify.text import prepare_text
from monitor.clock import EPOCH
from monitor.learning.data.examples import Example
from monitor.learning.data.known import KnownText, known_texts
from monitor.learning.data.label import agree
from monitor.learning.deciding.drift import (
    CalibrationShift,
    ShareShift,
    compare_calibration,
    compare_embeddings,
    compare_shares,
)
from monitor.learning.deciding.retraining import Evidence, RetrainingRules
from monitor.learning.versions.version import ModelVersion
from monitor.store import labels as labels_store
from monitor.store import models
from monitor.store.database import Connection, Database
from monitor.store.samples import first_event_time, sample_stories
from monitor.surges.windows import Window

TASKS: tuple[Literal["topic", "sentiment"], ...] = ("topic", "sentiment")

CARD_ECE = 0.03
"""Calibration error assumed of a model whose card gives none."""

_SEED = 0


@dataclass(frozen=True)
class Sample:
    """Texts of a window, as the champion reads and scores them."""

    texts: list[str]
    scores: Scores


@dataclass(frozen=True)
class Collected:
    """What was found.

    Attributes:
        evidence: For the decision.
        known: Labelled texts, oldest first.
        since: UTC-aware; labels after it are new to the champion.
        reference: Stories of the champion's first weeks.
    """

    evidence: Evidence
    known: list[KnownText]
    since: datetime
    reference: Sample


def collect(
    database: Database, champion: ModelVersion, engine: Engine, rules: RetrainingRules, now: datetime
) -> Collected:
    """Collect the evidence as of `now`.

    Args:
        database: The store.
        champion: The model that serves.
        engine: That model, at work.
        rules: For windows and sample sizes.
        now: UTC-aware.

    Raises:
        StoreError: The database failed.
    """
    with database.read() as connection:
        line = _line_of(connection, champion)
        known = known_texts(agree(labels_store.read_labels(connection)), engine.labels)
        ids = {version.id for version in line}
        judged = [one for one in models.read_judgements(connection, grade=champion.grade) if one.champion in ids]
    trained = line[-1]
    since = labels_known_until(trained)
    attempt = max(judged, key=attrgetter("at"), default=None)
    new = [text for text in known if text.agreed_at > since]
    further = [text for text in new if attempt is None or text.agreed_at > attempt.at]
    reference, recent = (
        _sample(database, engine, span, rules.sample) for span in _windows(database, trained, rules, now)
    )
    evidence = Evidence(
        made_at=trained.created_at,
        new_labels=sum(text.labels for text in new),
        last_attempt_at=None if attempt is None else attempt.at,
        last_attempt="refused" if attempt is None else attempt.verdict,
        labels_since_attempt=sum(text.labels for text in further),
        inputs=compare_embeddings(reference.scores.embeddings, recent.scores.embeddings, _SEED),
        shares=_shares(reference, recent, engine),
        calibration=_calibration(engine, champion, [text.example for text in new], rules),
    )
    return Collected(evidence, known, since, reference)


def labels_known_until(trained: ModelVersion) -> datetime:
    """Labels made later are new to a model; to one that was trained on none of the store's, all are."""
    if trained.labels_until is not None:
        return trained.labels_until
    # Of earlier releases, those of the retraining job do not say it: they were dated by its beginning.
    return trained.created_at if trained.origin == "retrained" else EPOCH


def probabilities_of(scores: Scores, task: Task) -> np.ndarray:
    """Of one task, [n, classes]."""
    return scores.topic_probabilities if task == "topic" else scores.sentiment_probabilities


def _line_of(connection: Connection, champion: ModelVersion) -> list[ModelVersion]:
    """The champion and the versions that it differs from in added topics alone, back to the one that was trained.

    Where that one was pruned the line ends before it; where it was then made again, by taking the topics away, the line
    would lead back to where it began.
    """
    line = [champion]
    while line[-1].origin == "topics":
        parent = models.read_version(connection, line[-1].parent)
        if parent is None or parent in line:
            break
        line.append(parent)
    return line


def _windows(database: Database, trained: ModelVersion, rules: RetrainingRules, now: datetime) -> tuple[Window, Window]:
    """The weeks in which a model was made, or the first ones of the store after it; and, apart, the latest."""
    length = timedelta(days=rules.window_days)
    with database.read() as connection:
        first = first_event_time(connection) or now
    recent = Window(now - length, now)
    start = min(max(trained.created_at - length, first), recent.start)
    return Window(start, min(start + length, recent.start)), recent


def _sample(database: Database, engine: Engine, span: Window, limit: int) -> Sample:
    with database.read() as connection:
        stories = sample_stories(connection, span, limit)
    texts = [prepared for story in stories if (prepared := prepare_text(story.title, story.body))]
    return Sample(texts, engine.classify(texts))


def _shares(reference: Sample, recent: Sample, engine: Engine) -> dict[Literal["topic", "sentiment"], ShareShift]:
    shifts = {}
    for task in TASKS:
        classes = len(engine.labels.names(task))
        before, after = (
            np.bincount(probabilities_of(sample.scores, task).argmax(axis=1), minlength=classes)
            for sample in (reference, recent)
        )
        shift = compare_shares(before, after)
        if shift is not None:
            shifts[task] = shift
    return shifts


def _calibration(
    engine: Engine, champion: ModelVersion, new: Sequence[Example], rules: RetrainingRules
) -> dict[Literal["topic", "sentiment"], CalibrationShift]:
    shifts = {}
    for task in TASKS:
        labelled = [example for example in new if example.label(task) is not None]
        if labelled:
            truth = np.array([example.label(task) for example in labelled], dtype=np.int64)
            found = probabilities_of(engine.classify([example.text for example in labelled]), task)
            shifts[task] = compare_calibration(
                found, truth, _card_ece(champion, task), false_alarms=rules.false_alarms, seed=_SEED
            )
    return shifts


def _card_ece(champion: ModelVersion, task: Task) -> float:
    """The largest calibration error that the card gives for a task."""
    sets = [figures for figures in champion.metrics.values() if isinstance(figures, dict)]
    found = [float(figures["ece"]) for figures in sets if figures.get("task") == task and "ece" in figures]
    return max(found, default=CARD_ECE)
