"""What the classify stage asks of an engine, whatever it runs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from monitor.classify.labels import Labels
from monitor.classify.mentions import Mention, Span

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scores:
    """Answers for n texts, in the order of the texts.

    Attributes:
        topic_probabilities: [n, topics], calibrated, rounded to five decimals.
        sentiment_probabilities: [n, sentiments], likewise.
        mentions: The companies and assets that each text names, in the order in which they stand there.
        embeddings: [n, width], of length 1; the dot product of two is how much their texts are about the same, in
            [-1, 1].
        stories: [n, width], of length 1; that of two is how much they seem to tell of the same event.
    """

    topic_probabilities: Floats
    sentiment_probabilities: Floats
    mentions: tuple[tuple[Mention, ...], ...]
    embeddings: Vectors
    stories: Vectors

    def __len__(self) -> int:
        """Return n."""
        return len(self.topic_probabilities)

    @property
    def topics(self) -> Integers:
        """Index of each text's most probable topic [n]; the first one among equals."""
        places: Integers = self.topic_probabilities.argmax(axis=1)
        return places

    @property
    def sentiments(self) -> Integers:
        """Index of each text's most probable sentiment [n]; the first one among equals."""
        places: Integers = self.sentiment_probabilities.argmax(axis=1)
        return places


class Engine(Protocol):
    """Scores texts. A text's scores depend on the text and the model alone, never on the texts around it."""

    @property
    def labels(self) -> Labels:
        """The names of the outputs."""
        ...

    @property
    def model_version(self) -> str:
        """Which model this is: equal versions give equal scores on one machine."""
        ...

    @property
    def max_tokens(self) -> int:
        """Longer texts are cut there."""
        ...

    @property
    def abstain_below(self) -> float:
        """Probability of the likeliest sentiment, in [0, 1], below which an answer should not be counted."""
        ...

    def classify(self, texts: Sequence[str]) -> Scores:
        """Score texts, each as `prepare_text` returns it; an empty list gives empty scores."""
        ...

    def sentiment_toward(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """The sentiment toward a given stretch of each text: [n, sentiments], calibrated, rounded to five decimals.

        Args:
            texts: Each as `prepare_text` returns it.
            spans: Characters of one mention in each; one that lies beyond the cut gets the text's own sentiment.
        """
        ...

    def read_to(self, texts: Sequence[str]) -> list[int]:
        """How many characters of each text the model reads; what stands behind them is cut off."""
        ...
