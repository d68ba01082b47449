"""A classifier so small that a test can train it: naive Bayes over words, behind the same seams as the real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zlib import crc32

import numpy as np

from monitor.classify.engine import Floats, Scores
from monitor.classify.labels import Labels, Task
from monitor.classify.manifest import MANIFEST_NAME, Manifest, Temperatures, file_sha256, load_manifest, write_manifest
from monitor.classify.mentions import Span
from monitor.learning.data.examples import Example, fingerprint

WIDTH = 32
COUNTS = "counts.json"
_TASKS: tuple[Task, ...] = ("topic", "sentiment")


class BayesTrainer:
    """Counts words by class; starts from nothing, so it forgets whatever it is not shown again."""

    def __init__(self) -> None:
        self.seen = list[Example]()
        self.rehearsed = list[Example]()

    def train(
        self,
        labelled: Sequence[Example],
        rehearsals: Sequence[Example],
        parent_folder: Path,
        out_folder: Path,
        labels_until: datetime | None = None,
    ) -> Path:
        self.seen, self.rehearsed = list(labelled), list(rehearsals)
        examples = [*labelled, *rehearsals]
        papers = parent_folder / MANIFEST_NAME
        parent = load_manifest(parent_folder, Labels()).model_version if papers.exists() else ""
        out_folder.mkdir(parents=True)
        counts = {task: _counts(examples, task) for task in _TASKS}
        (out_folder / COUNTS).write_text(json.dumps(counts, sort_keys=True))
        manifest = Manifest(
            grade="fast",
            topics=Labels().topics,
            sentiments=Labels().sentiments,
            tags=Labels().tags,
            width=WIDTH,
            temperatures=Temperatures(1.0, 1.0, 1.0),
            abstain_below=0.5,
            max_tokens=64,
            base_model="none",
            base_sha256="",
            data_fingerprint=fingerprint(examples),
            parent=parent,
            recipe={},
            metrics={"card": {"task": "sentiment", "ece": 0.05}},
            labels_until=labels_until,
            files={COUNTS: file_sha256(out_folder / COUNTS)},
        )
        write_manifest(out_folder, manifest)
        return out_folder


class BayesEngine:
    """Puts the counts to work."""

    def __init__(self, folder: Path) -> None:
        self._counts = json.loads((folder / COUNTS).read_text())
        self.model_version = folder.name
        self.max_tokens = 64
        self.labels = Labels()

    def classify(self, texts: Sequence[str]) -> Scores:
        topics, sentiments = (self._probabilities(texts, task) for task in _TASKS)
        vectors = np.array([_vector(text) for text in texts], dtype=np.float32).reshape(len(texts), WIDTH)
        return Scores(topics, sentiments, ((),) * len(texts), vectors, vectors)

    def sentiment_toward(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        return self._probabilities(
            [text[start:end] for text, (start, end) in zip(texts, spans, strict=True)], "sentiment"
        )

    def read_to(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def _probabilities(self, texts: Sequence[str], task: Task) -> Floats:
        names = self.labels.names(task)
        rows = np.zeros((len(texts), len(names)))
        for place, text in enumerate(texts):
            for word in text.lower().split():
                seen = np.array(self._counts[task].get(word, np.zeros(len(names)))) + 0.5
                rows[place] += np.log(seen / seen.sum())
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
        shares: Floats = np.round(powers / powers.sum(axis=1, keepdims=True), 5)
        return shares


def _counts(examples: Sequence[Example], task: Task) -> dict[str, list[float]]:
    counts: dict[str, list[float]] = {}
    for example in examples:
        place = example.label(task)
        if place is not None:
            for word in example.text.lower().split():
                counts.setdefault(word, [0.0] * len(Labels().names(task)))[place] += 1.0
    return counts


def _vector(text: str) -> list[float]:
    vector = np.zeros(WIDTH)
    for word in text.lower().split():
        vector[crc32(word.encode()) % WIDTH] += 1.0
    length = float(np.linalg.norm(vector)) or 1.0
    return [float(value) / length for value in vector]
