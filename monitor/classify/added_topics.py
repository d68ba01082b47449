"""Topics that an analyst added to a model: yes-or-no questions on the embedding, beside the model's own topics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.classify.manifest import Manifest
from monitor.errors import ModelError

FILE_NAME = "added_topics.json"

NO_BELOW = 0.01
"""A smaller probability is a no: the text's other answers then stay as they are, bit for bit."""

_OTHER = "Roll back to another version, or make this one anew."

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


class AddedTopic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question: the probability of yes is the logistic function of `direction` times the embedding, plus `bias`.

    Attributes:
        name: As charts and alerts name it.
        description: What it is about, in one sentence.
        origin: "description" where it was made of that alone, else "examples".
        examples: How many texts it was made of.
        direction: [width].
        bias: Log-odds at right angles to the direction.
    """

    name: str
    description: str
    origin: Literal["description", "examples"]
    examples: int
    direction: tuple[float, ...]
    bias: float


class AddedTopics:
    """All topics added to a model."""

    def __init__(self, topics: Sequence[AddedTopic] = ()) -> None:
        self.topics = tuple(topics)
        self._directions = np.array([topic.direction for topic in self.topics], dtype=np.float64)  # [added, width]
        self._biases = np.array([topic.bias for topic in self.topics], dtype=np.float64)

    def probabilities(self, embeddings: Vectors) -> Floats:
        """How probably each text belongs to each added topic: [n, added], each question on its own."""
        if not self.topics:
            return np.zeros((len(embeddings), 0))
        # Row by row, so that a text's answer does not depend on the texts around it.
        logits = np.stack([self._directions @ row.astype(np.float64) for row in embeddings]) if len(embeddings) else (
            np.zeros((0, len(self.topics)))
        )  # fmt: skip
        answers: Floats = 1.0 / (1.0 + np.exp(-np.clip(logits + self._biases, -60.0, 60.0)))
        return answers

    def joined(self, topics: Floats, embeddings: Vectors) -> Floats:
        """One distribution over the model's own topics and the added ones: [n, topics + added], rows summing to 1.

        The model's own topics share the probability that no added question is answered with yes; the added ones share
        the rest in proportion to their answers. Answers below `NO_BELOW` count as 0, so that a text to which no added
        topic applies keeps the model's own answers unchanged.

        Args:
            topics: [n, topics], rows summing to 1.
            embeddings: [n, width], of length 1.
        """
        if not self.topics:
            return topics
        answers = self.probabilities(embeddings)
        answers = np.where(answers < NO_BELOW, 0.0, answers)
        none = np.prod(1.0 - answers, axis=1, keepdims=True)
        shares = answers / np.maximum(answers.sum(axis=1, keepdims=True), 1e-300)
        joined: Floats = np.concatenate([none * topics, (1.0 - none) * shares], axis=1)
        return joined


def load_added_topics(folder: Path, manifest: Manifest) -> AddedTopics:
    """Read a model folder's added topics; none where its manifest names none.

    Args:
        folder: Of the model.
        manifest: The folder's.

    Raises:
        ModelError: The file is missing or malformed, holds other topics than the manifest names, or was made for
            embeddings of another width.
    """
    path = folder / FILE_NAME
    topics: tuple[AddedTopic, ...] = ()
    if path.exists():
        try:
            topics = msgspec.json.decode(path.read_bytes(), type=tuple[AddedTopic, ...])
        except (OSError, msgspec.DecodeError) as error:
            raise ModelError(f"{path}: not a list of added topics: {error}.", _OTHER) from error
    names = tuple(topic.name for topic in topics)
    if manifest.added_topics and not path.exists():
        raise ModelError(f"{path}: it is missing, and the manifest names {manifest.added_topics} added topics.", _OTHER)
    if names != manifest.labels.added:
        raise ModelError(
            f"{path}: it holds {len(names)} added topics, and the manifest names {manifest.added_topics}"
            f"{'' if len(names) != manifest.added_topics else ' others'}.",
            _OTHER,
        )
    for topic in topics:
        if len(topic.direction) != manifest.width:
            raise ModelError(
                f"{path}: topic {topic.name!r} was made for embeddings of width {len(topic.direction)}, "
                f"not {manifest.width}.",
                "Add the topic anew to this model.",
            )
    return AddedTopics(topics)


def write_added_topics(folder: Path, topics: Sequence[AddedTopic]) -> None:
    """Write a model folder's added topics."""
    (folder / FILE_NAME).write_bytes(msgspec.json.encode(tuple(topics)))
