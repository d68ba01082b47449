"""What the context leaves open: is the text nearer to what the company does, or to the other meaning of its name?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.entities.aliases import Ambiguity
from monitor.entities.context import Weight
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.matching import Match, Verdict
from monitor.entities.names import fold

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]
"""Texts to their embeddings: [n, width], of length 1."""

OTHERWISE: Final = "{} is a person, a place or an everyday thing; not a company."
"""The other meaning of an alias where none is described; it holds the name, as the company's description does."""
MARGIN: Final = 0.0
"""By how much the company must be nearer."""


class Similarity:
    """Decides by the embeddings of one model; keeps those of the descriptions that were needed so far.

    A text's answer depends on the text and the model alone. Not thread-safe.
    """

    def __init__(self, gazetteer: Gazetteer, ambiguity: Ambiguity, embed: Embed) -> None:
        """Nothing is embedded before the first question.

        Args:
            gazetteer: Has the descriptions.
            ambiguity: Has the other meanings.
            embed: Of the model that embeds the texts.
        """
        self._gazetteer = gazetteer
        self._senses = ambiguity.senses
        self._embed = embed
        self._known: dict[str, npt.NDArray[np.float64]] = {}

    def decide(self, match: Match, embedding: npt.NDArray[np.floating]) -> Match:
        """An open match as accepted or refused; any other as it is.

        Args:
            match: Found in a text.
            embedding: Of that text: [width], of length 1.
        """
        if match.verdict is not Verdict.OPEN:
            return match
        nearer = self.nearer(match, embedding)
        return msgspec.structs.replace(
            match,
            verdict=Verdict.ACCEPTED if nearer >= MARGIN else Verdict.REFUSED,
            reasons=(*match.reasons, Weight("nearer to the company than to the other meaning", round(nearer, 4))),
        )

    def nearer(self, match: Match, embedding: npt.NDArray[np.floating]) -> float:
        """Cosine with the company's description, less that with the other meaning of the name."""
        entity = self._gazetteer.get(match.entity)
        if entity is None or not entity.description:
            return -1.0
        text = embedding.astype(np.float64)
        sense = self._senses.get(fold(match.alias).strip())
        otherwise = sense.otherwise if sense is not None and sense.otherwise else OTHERWISE.format(match.alias)
        return float(text @ self._vector(entity.description) - text @ self._vector(otherwise))

    def _vector(self, description: str) -> npt.NDArray[np.float64]:
        if description not in self._known:
            self._known[description] = self._embed([description])[0].astype(np.float64)
        return self._known[description]
