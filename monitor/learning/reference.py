"""A model in memory as an engine: exact, slow, for judging what export or training changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.classify.added_topics import AddedTopics
from monitor.classify.decoding import RawAnswers, decode, decode_targets
from monitor.classify.engine import Floats, Scores
from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest
from monitor.classify.mentions import Span
from monitor.learning.bases import base_named
from monitor.learning.model import Classifier
from monitor.learning.predicting import predict

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class ModelEngine:
    """Scores texts with a torch model as it is, in float32."""

    def __init__(self, model: Classifier, tokenizer: Tokenizer, manifest: Manifest) -> None:
        """Wrap a model.

        Args:
            model: Trained.
            tokenizer: Truncating, not padding.
            manifest: Its papers: labels, temperatures, base.
        """
        self._model = model
        self._tokenizer = tokenizer
        self._manifest = manifest
        self._pad_id = base_named(manifest.base_model).pad_id

    @property
    def labels(self) -> Labels:
        """The names of the outputs."""
        return self._manifest.labels

    @property
    def model_version(self) -> str:
        """As the papers name it."""
        return self._manifest.model_version

    @property
    def max_tokens(self) -> int:
        """Longer texts are cut there."""
        return self._manifest.max_tokens

    @property
    def abstain_below(self) -> float:
        """See `Engine.abstain_below`."""
        return self._manifest.abstain_below

    def classify(self, texts: Sequence[str]) -> Scores:
        """Score texts; see `Engine.classify`."""
        return decode(texts, self.raw_answers(texts), self._manifest, AddedTopics())

    def sentiment_toward(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """The sentiment toward a given stretch of each text; see `Engine.sentiment_toward`."""
        return decode_targets(self.raw_answers(texts), spans, self._manifest)

    def raw_answers(self, texts: Sequence[str]) -> RawAnswers:
        """What the heads say before calibration."""
        encodings = self._tokenizer.encode_batch(list(texts))
        answers = predict(self._model, [encoding.ids for encoding in encodings], self._pad_id)
        return RawAnswers(
            topic=answers.topic().astype("float32"),
            sentiment=answers.sentiment().astype("float32"),
            tags=[answer.tags for answer in answers.soft],
            targets=[answer.targets for answer in answers.soft],
            embeddings=answers.embeddings,
            offsets=[encoding.offsets for encoding in encodings],
        )
