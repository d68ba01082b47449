"""Temperatures and the threshold to abstain below, fitted on held-out answers as they are served."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.classify.calibration import calibrated_probabilities
from monitor.classify.decoding import RawAnswers
from monitor.classify.manifest import Manifest, Temperatures
from monitor.classify.mentions import tokens_within
from monitor.learning.data.examples import Example
from monitor.learning.judging.abstaining import abstain_threshold
from monitor.learning.judging.evaluation import fit_temperature

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEAST_LABELS = 30
"""Held-out labels of a head without which its temperature stays what it was: it would be fitted to chance."""


def calibrated(papers: Manifest, raw: RawAnswers, held_out: Sequence[Example]) -> Manifest:
    """Fit a model's temperatures and threshold.

    Args:
        papers: With the temperatures of heads that have fewer than `LEAST_LABELS` labels.
        raw: What the model, as it is served, says of the held-out texts.
        held_out: Examples that it was not trained on.
    """
    answers = {task: labelled_logits(raw, held_out, task) for task in ("topic", "sentiment", "target")}
    fitted = {
        task: round(fit_temperature(logits, truth), 4)
        for task, (logits, truth) in answers.items()
        if len(truth) >= LEAST_LABELS
    }
    temperatures = msgspec.structs.replace(papers.temperatures, **fitted)
    papers = msgspec.structs.replace(papers, temperatures=temperatures)
    if "sentiment" not in fitted:
        return papers
    logits, truth = answers["sentiment"]
    sure = calibrated_probabilities(logits, temperatures.sentiment)
    return msgspec.structs.replace(papers, abstain_below=abstain_threshold(sure, truth))


def untouched_temperatures(parent: Manifest | None) -> Temperatures:
    """Those to start from: the parent's, or 1."""
    return parent.temperatures if parent else Temperatures(topic=1.0, sentiment=1.0, target=1.0)


def labelled_logits(raw: RawAnswers, examples: Sequence[Example], task: str) -> tuple[Floats, Integers]:
    """The logits of a head where the label is known: [n, classes] and [n].

    Args:
        raw: What a model says of the examples' texts.
        examples: In the same order.
        task: "topic", "sentiment", or "target", the sentiment toward each mention whose tokens were not cut off.
    """
    rows, labels = list[Any](), list[int]()
    for place, example in enumerate(examples):
        if task == "target":
            for mention in example.mentions or ():
                tokens = tokens_within(raw.offsets[place], (mention.start, mention.end))
                if tokens and mention.sentiment is not None:
                    rows.append(raw.targets[place][tokens].mean(axis=0))
                    labels.append(mention.sentiment)
            continue
        label = example.topic if task == "topic" else example.sentiment
        if label is not None:
            rows.append((raw.topic if task == "topic" else raw.sentiment)[place])
            labels.append(label)
    logits = np.stack(rows).astype(np.float64) if rows else np.zeros((0, 1))
    return logits, np.array(labels, dtype=np.int64)
