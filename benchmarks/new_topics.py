"""How well topics made of a handful of examples, or of a description alone, are told from all others.

    python -m benchmarks.new_topics [--data DIR] [--model DIR] [--seeds 3] [--json]

Six topics of the public topic set are treated as unknown, one at a time: examples are drawn from its training texts,
2,000 more of them, unlabelled and with the topic among them, stand for recent stories, and the validation texts that
repeat none of them judge. Embeddings are the untouched base's (needs the extra `train`); with --model, a model's, which
flatter it where it was trained on these very topics. The data folder holds tftopic/; no text of it comes with this
repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.data import WHERE_DATA_IS, find_data
from monitor.classify.labels import TOPICS
from monitor.classify.topic_descriptions import TOPIC_DESCRIPTIONS
from monitor.errors import MonitorError
from monitor.learning.data.examples import without_repeats
from monitor.learning.topics.making import (
    APPLIES_FROM,
    MOST_BACKGROUND,
    question_of_description,
    question_of_examples,
    ridge_logistic,
)
from pipelines.datasets import TRAINING_SETS, VALIDATION_SETS, read_set

UNKNOWN = ("IPO", "Energy | Oil", "Currencies", "Personnel Change", "Dividend", "Gold | Metals | Materials")
SIZES = (8, 16, 32, 64)

Floats = npt.NDArray[np.float64]
Embed = Callable[[Sequence[str]], Floats]


def measure(data_folder: Path, embed: Embed, seeds: int) -> dict[str, Any]:
    """Judge every way of making a topic, for each topic, size and seed.

    Raises:
        MonitorError: The data cannot be read.
    """
    training = without_repeats(read_set(data_folder, next(each for each in TRAINING_SETS if each.task == "topic")))
    judging = read_set(data_folder, next(each for each in VALIDATION_SETS if each.name == "topic nodup"))
    vectors, labels = embed([one.text for one in training]), np.array([one.topic for one in training])
    unseen, truth = embed([one.text for one in judging]), np.array([one.topic for one in judging])
    told = embed([f"{name}: {TOPIC_DESCRIPTIONS[name]}" for name in UNKNOWN])
    rows = []
    for place, name in enumerate(UNKNOWN):
        belongs = truth == TOPICS.index(name)
        members = np.flatnonzero(labels == TOPICS.index(name))
        for seed in range(seeds):
            rng = np.random.default_rng([seed, place])
            order = rng.permutation(members)
            for size in (0, *(size for size in SIZES if size <= len(members))):
                others = np.setdiff1d(np.arange(len(vectors)), order[:size])
                background = vectors[rng.permutation(others)[:MOST_BACKGROUND]]
                judged = _ways(vectors[order[:size]], background, told[place], unseen, belongs)
                rows += [{"topic": name, "seed": seed, "examples": size, "way": way, **got} for way, got in judged]
    return {"rows": rows, "summary": _summary(rows)}


def average_precision(scores: Floats, belongs: npt.NDArray[np.bool_]) -> float:
    """Mean, over the texts that belong, of the precision down to each, in [0, 1].

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
    0.8333333333333333
    """
    hits = belongs[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def _ways(
    examples: Floats, background: Floats, told: Floats, unseen: Floats, belongs: npt.NDArray[np.bool_]
) -> list[tuple[str, dict[str, float | None]]]:
    if not len(examples):
        question = question_of_description(told, background)
        return [("description", _figures(question.probabilities(unseen), belongs, question.expected.precision))]
    question = question_of_examples(examples, background, description=told)
    direction, bias = ridge_logistic(
        np.concatenate([examples, background]),
        (np.arange(len(examples) + len(background)) < len(examples)).astype(np.float64),
        np.full(len(examples) + len(background), 1.0 / (len(examples) + len(background))),
        1.0 / (len(examples) + len(background)),
    )
    plain = 1.0 / (1.0 + np.exp(-(unseen @ direction + bias)))
    return [
        ("examples", _figures(question.probabilities(unseen), belongs, question.expected.precision)),
        ("plain logistic regression", _figures(plain, belongs, None)),
    ]


def _figures(
    probabilities: Floats, belongs: npt.NDArray[np.bool_], expected_precision: float | None
) -> dict[str, float | None]:
    taken = probabilities >= APPLIES_FROM
    right = float((taken & belongs).sum())
    hits = np.cumsum(belongs[np.argsort(-probabilities, kind="stable")])
    best = 2.0 * hits / (np.arange(1, len(hits) + 1) + belongs.sum())
    return {
        "average_precision": average_precision(probabilities, belongs),
        "f1": 2.0 * right / float(taken.sum() + belongs.sum()),
        "best_f1": float(best.max()),
        "precision": right / float(taken.sum()) if taken.any() else None,
        "expected_precision": expected_precision,
        "recall": right / float(belongs.sum()),
    }


def _summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over topics and seeds; of topics with fewer examples than a size, that size has none."""
    groups = dict.fromkeys((row["way"], row["examples"]) for row in rows)
    summary = []
    for way, size in groups:
        members = [row for row in rows if (row["way"], row["examples"]) == (way, size)]
        figures = {}
        for name in ("average_precision", "f1", "best_f1", "precision", "expected_precision", "recall"):
            known = [row[name] for row in members if row[name] is not None]
            figures[name] = round(float(np.mean(known)), 4) if known else None
        topics = len({row["topic"] for row in members})
        summary.append({"way": way, "examples": size, "topics": topics, "trials": len(members), **figures})
    return summary


def base_embedder() -> Embed:
    """The untouched base at work.

    Raises:
        MonitorError: It is not on this machine.
    """
    from monitor.learning.network.bases import MINILM, base_folder
    from monitor.learning.network.model import load_encoder, load_tokenizer
    from monitor.learning.network.predicting import embed_with_base

    folder = base_folder(MINILM)
    encoder, tokenizer = load_encoder(folder), load_tokenizer(folder, 128)

    def embed(texts: Sequence[str]) -> Floats:
        rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        return embed_with_base(encoder, rows, MINILM.pad_id).astype(np.float64)

    return embed


def model_embedder(folder: Path) -> Embed:
    """A model's embeddings.

    Raises:
        MonitorError: It cannot be loaded.
    """
    from monitor.classify.choosing import open_engine

    engine = open_engine(folder)

    def embed(texts: Sequence[str]) -> Floats:
        parts = [engine.classify(texts[start : start + 256]).embeddings for start in range(0, len(texts), 256)]
        return np.concatenate(parts).astype(np.float64)

    return embed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.new_topics", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help=f"folder that holds tftopic/; {WHERE_DATA_IS}")
    parser.add_argument("--model", type=Path, help="folder of the model whose embeddings are used; by default the base")
    parser.add_argument("--seeds", type=int, default=3, help="draws of examples for each topic and size")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        folder = options.data or find_data("tftopic")
        result = measure(folder, model_embedder(options.model) if options.model else base_embedder(), options.seeds)
    except MonitorError as error:
        print(f"new_topics: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result))
        return 0
    for row in result["summary"]:
        names = ("average_precision", "f1", "best_f1", "precision", "expected_precision", "recall")
        figures = "  ".join(f"{name} {row[name]:.3f}" for name in names if row[name] is not None)
        print(f"{row['way']:<26} {row['examples']:>2} examples, {row['topics']} topics  {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
