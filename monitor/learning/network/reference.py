"""A model in memory as an engine: exact, slow, for judging what export or training changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monitor.classify.added_topics import AddedTopics
from monitor.classify.decoding import RawAnswers
from monitor.classify.manifest import Manifest
from monitor.classify.manifest_engine import ManifestEngine
from monitor.learning.network.bases import base_named
from monitor.learning.network.model import Classifier
from monitor.learning.network.predicting import predict

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class ModelEngine(ManifestEngine):
    """Scores texts with a torch model as it is, in float32."""

    def __init__(self, model: Classifier, tokenizer: Tokenizer, manifest: Manifest) -> None:
        """Wrap a model.

        Args:
            model: Trained.
            tokenizer: Truncating, not padding.
            manifest: Its papers: labels, temperatures, base.
        """
        super().__init__(manifest, AddedTopics())
        self._model = model
        self._tokenizer = tokenizer
        self._pad_id = base_named(manifest.base_model).pad_id

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
            stories=answers.stories,
            offsets=[encoding.offsets for encoding in encodings],
        )
