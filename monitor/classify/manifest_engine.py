"""What all engines share whose model comes with a manifest: its names and limits, and how its answers are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from tokenizers import Tokenizer

from monitor.classify.added_topics import AddedTopics
from monitor.classify.decoding import RawAnswers, decode, decode_targets
from monitor.classify.engine import Floats, Scores
from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest
from monitor.classify.mentions import Span


class ManifestEngine(ABC):
    """An `Engine` of which only the tokenizer and the passes through the model are missing."""

    _tokenizer: Tokenizer  # cuts at the limit, pads nothing

    def __init__(self, manifest: Manifest, added: AddedTopics) -> None:
        """Takes a model's papers.

        Args:
            manifest: Labels, version, temperatures, limits.
            added: Topics that were added to those it was trained on.
        """
        self._manifest = manifest
        self._added = added

    @property
    def labels(self) -> Labels:
        """The names of the outputs."""
        return self._manifest.labels

    @property
    def model_version(self) -> str:
        """Grade and short content hash of the model."""
        return self._manifest.model_version

    @property
    def max_tokens(self) -> int:
        """Longer texts are cut there."""
        return self._manifest.max_tokens

    @property
    def abstain_below(self) -> float:
        """Probability of the likeliest sentiment below which an answer should not be counted."""
        return self._manifest.abstain_below

    def classify(self, texts: Sequence[str]) -> Scores:
        """Score texts; not to be called from two threads at once.

        Args:
            texts: Each as `prepare_text` returns it; may be empty.

        Returns:
            Scores in the order of the texts.

        Raises:
            ModelError: A pass through the model failed.
        """
        return decode(texts, self.raw_answers(texts), self._manifest, self._added)

    def sentiment_toward(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """The sentiment toward a given stretch of each text; see `Engine.sentiment_toward`.

        A text that is given several times goes through the model once.
        """
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return decode_targets(self.raw_answers(list(places)), [places[text] for text in texts], spans, self._manifest)

    def read_to(self, texts: Sequence[str]) -> list[int]:
        """How many characters of each text the model reads: what stands behind its last token is cut off."""
        encodings = self._tokenizer.encode_batch(list(texts))
        return [max((end for _, end in encoding.offsets), default=0) for encoding in encodings]

    @abstractmethod
    def raw_answers(self, texts: Sequence[str]) -> RawAnswers:
        """What the heads say before calibration."""
