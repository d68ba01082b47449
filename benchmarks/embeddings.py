"""What the shipped model's embeddings are worth beside those of the untouched base, in points.

    python -m benchmarks.embeddings [--data DIR] [--model FOLDER] [--only base|shipped] [--json]

Three tasks: near-duplicates (see benchmarks.duplicates); finding an item's summary by its title among all summaries of
rss_finance_2025_2026/rss_articles.csv; naming the topic of tftopic/topic_valid_nodup.csv by the nearest description.
An item of the first file counts if title and summary, prepared as the model reads them, are both English by
`monitor.ingest.language`, the summary has 40 characters or more and is another text than the title by `normalise_text`,
and neither title nor summary came before (of repeats, only the first is kept). No text of either comes with this
repository.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import duplicates
from benchmarks.data import WHERE_DATA_IS, find_data
from benchmarks.embedders import Embed, Vectors, base_embed, shipped_embed
from monitor.classify.labels import TOPICS
from monitor.classify.openvino_engine import SHIPPED_MODEL
from monitor.classify.text import normalise_text, prepare_text
from monitor.classify.topic_descriptions import TOPIC_DESCRIPTIONS
from monitor.errors import InputError, MonitorError
from monitor.ingest.language import detect_language
from monitor.surges.rules import SurgeRules
from pipelines.datasets import LabelledSet, read_set

SUMMARY_CHARACTERS = 40
RSS = Path("rss_finance_2025_2026") / "rss_articles.csv"
TOPIC_SET = LabelledSet("topic nodup", "topic", "tftopic/topic_valid_nodup.csv")
TASKS = ("near_duplicate_f1", "recall_at_1", "zero_shot_accuracy")
_ROWS_AT_ONCE = 1024


def titles_and_summaries(data_folder: Path) -> tuple[list[str], list[str]]:
    """The items that count, by the rule above; place by place.

    Raises:
        InputError: The file is missing or lacks a column.
    """
    titles, summaries = list[str](), list[str]()
    met: set[str] = set()
    try:
        with (data_folder / RSS).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                title, summary = prepare_text(row["title"] or ""), prepare_text(row["summary"] or "")
                keys = {normalise_text(title), normalise_text(summary)}
                if len(keys) < 2 or "" in keys or keys & met or len(summary) < SUMMARY_CHARACTERS:
                    continue
                if detect_language(title) == detect_language(summary) == "en":
                    met |= keys
                    titles.append(title)
                    summaries.append(summary)
    except (OSError, KeyError) as error:
        raise InputError(
            f"{data_folder / RSS}: cannot be read: {error}.", "Name the data folder with --data."
        ) from error
    return titles, summaries


def recall_at_1(queries: Vectors, answers: Vectors) -> float:
    """Share of queries whose own answer, of the same place, is the nearest of all; both [n, width], in [0, 1]."""
    hits = 0
    for start in range(0, len(queries), _ROWS_AT_ONCE):
        part = queries[start : start + _ROWS_AT_ONCE]
        nearest = (part @ answers.T).argmax(axis=1)
        hits += int((nearest == np.arange(start, start + len(part))).sum())
    return hits / max(1, len(queries))


def zero_shot_accuracy(data_folder: Path, embed: Embed) -> float:
    """Share of texts whose nearest description is that of their own topic, in [0, 1]."""
    examples = read_set(data_folder, TOPIC_SET)
    descriptions = embed([TOPIC_DESCRIPTIONS[topic] for topic in TOPICS])
    nearest = (embed([example.text for example in examples]) @ descriptions.T).argmax(axis=1)
    return float((nearest == np.array([example.topic for example in examples])).mean())


def measure(data_folder: Path, embed: Embed) -> dict[str, float]:
    """The three figures of one embedder, in percent, and what they stand on."""
    titles, summaries = titles_and_summaries(data_folder)
    near = duplicates.measure(embed, SurgeRules())
    figures = (
        near["f1"],
        recall_at_1(embed(titles), embed(summaries)),
        zero_shot_accuracy(data_folder, embed),
    )
    found = {task: round(100 * figure, 2) for task, figure in zip(TASKS, figures, strict=True)}
    return {**found, "cosine_only_f1": round(100 * near["peers"]["embeddings"]["f1"], 2), "items": len(titles)}


def compare(data_folder: Path, model: Path, only: str | None, threads: int) -> dict[str, Any]:
    """Measure the base and the model, or one of them; differences are the model's figures less the base's."""
    result: dict[str, Any] = {}
    if only != "shipped":
        result["base"] = measure(data_folder, base_embed(threads))
    if only != "base":
        embed, result["model_version"] = shipped_embed(model, threads)
        result["shipped"] = measure(data_folder, embed)
    if only is None:
        result["difference"] = {task: round(result["shipped"][task] - result["base"][task], 2) for task in TASKS}
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embeddings", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help="model folder; the shipped one by default")
    parser.add_argument("--only", choices=("base", "shipped"), help="measure one of the two")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        data = options.data or find_data("rss_finance_2025_2026")
        result = compare(data, options.model, options.only, options.threads)
    except ImportError as error:
        print(f"embeddings: the base needs torch and transformers ({error}); install the extra: train", file=sys.stderr)
        return 2
    except MonitorError as error:
        print(f"embeddings: {error}", file=sys.stderr)
        return 2
    if not options.json:
        for name in ("base", "shipped", "difference"):
            if name in result:
                print(f"{name:<11} " + "  ".join(f"{task} {result[name][task]:.2f}" for task in TASKS))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
