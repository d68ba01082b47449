"""What travels with a model's weights, and the checks that they arrive unchanged."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from monitor.classify.labels import Labels
from monitor.errors import ModelError

MANIFEST_NAME = "manifest.json"
CARD_NAME = "MODEL_CARD.md"
REPORT_FOLDER = "report"
"""Within a version's folder: pages and pictures for people."""
REBUILD = "Reinstall the package, or rebuild the model with: monitor train-base."


class Temperatures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calibration of each head; above 0."""

    topic: float
    sentiment: float
    target: float


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"version": "schema"}):
    """The contents of manifest.json.

    Attributes:
        version: Of this structure, written as `schema`.
        grade: Name of the model within its family, such as "fast".
        topics: Topic names in output order, the added ones last.
        added_topics: How many of them were added to the model's own.
        sentiments: Sentiment names in output order.
        tags: Names of the token tags in output order.
        width: Size of the embedding.
        temperatures: Fitted on data not used for training.
        abstain_below: Probability of the likeliest sentiment below which an answer should not be counted.
        max_tokens: Longer texts are cut.
        base_model: Name of the encoder that was fine-tuned.
        base_sha256: Of its weights.
        data_fingerprint: sha256 of the training examples.
        parent: Version that this one was made from; empty for none.
        recipe: The training settings.
        metrics: Figures by set and head.
        labels_until: UTC-aware; labels that the store got until then are not new to it: when the newest was given that
            it, its parent or its teacher was trained on, or when the retraining job began to make it. None where there
            are none such; versions that the job of earlier releases made have none either.
        files: sha256 of every other file that decides the scores, by name.
    """

    version: Literal[2] = 2
    grade: str
    topics: tuple[str, ...]
    added_topics: int = 0
    sentiments: tuple[str, ...]
    tags: tuple[str, ...]
    width: int
    temperatures: Temperatures
    abstain_below: float
    max_tokens: int
    base_model: str
    base_sha256: str
    data_fingerprint: str
    parent: str = ""
    recipe: dict[str, float | int | str]
    metrics: dict[str, Any]
    labels_until: datetime | None = None
    files: dict[str, str]

    @property
    def labels(self) -> Labels:
        """The names of the outputs."""
        own = self.topics[: len(self.topics) - self.added_topics]
        return Labels(topics=own, sentiments=self.sentiments, tags=self.tags, added=self.topics[len(own) :])

    @property
    def model_version(self) -> str:
        """A short hash of all that decides the scores: files, labels, temperatures, token limit."""
        parts = (
            sorted(self.files.items()),
            self.topics,
            self.sentiments,
            self.tags,
            self.temperatures,
            self.max_tokens,
        )
        return f"{self.grade}-{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]}"


def load_manifest(folder: Path, expected: Labels) -> Manifest:
    """Read a model folder's manifest and check the folder against it.

    Args:
        folder: Holds manifest.json and the files it names.
        expected: The labels that the caller works with.

    Raises:
        ModelError: If the manifest is missing or malformed, the labels differ, or a file is missing or changed.
    """
    path = folder / MANIFEST_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}.", REBUILD) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not a valid manifest: {error}.", REBUILD) from error
    expected.require(manifest.labels)
    temperatures = manifest.temperatures
    if not (min(temperatures.topic, temperatures.sentiment, temperatures.target) > 0.0 and manifest.max_tokens > 2):
        raise ModelError(f"{path}: temperatures must be above 0 and max_tokens above 2.", REBUILD)
    for name, sha256 in manifest.files.items():
        _require_file(folder, name, sha256)
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json, readable by people."""
    (folder / MANIFEST_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_file(folder: Path, name: str, sha256: str) -> None:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise ModelError(f"{path}: this file of the model is missing.", REBUILD)
    found = file_sha256(path)
    if found != sha256:
        raise ModelError(f"{path}: sha256 is {found[:12]}..., the manifest says {sha256[:12]}....", REBUILD)
