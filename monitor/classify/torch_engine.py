"""The engine for weights that lie over a base encoder: on a GPU if there is one, else on the CPU. Needs torch.

Nothing else of this room imports torch; `monitor.classify.choosing` imports this module when a model asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from monitor.classify.added_topics import load_added_topics
from monitor.classify.decoding import RawAnswers
from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest, load_manifest
from monitor.classify.manifest_engine import ManifestEngine
from monitor.classify.options import Compiling, Device, Precision
from monitor.classify.torch_passes import GpuPasses, HostPasses
from monitor.errors import ModelError
from monitor.learning.network.model import Classifier, load_tokenizer
from monitor.learning.network.weights import load_weights

GPU_TOLERANCE = 0.02
"""How far a GPU's probabilities of a text may lie from those of the same text in other company, or in float32.

Which kernel a GPU picks, and so in which order it sums, depends on the shape of the batch; in half precision that is
seen in the third decimal. It is a bound that the tests hold every probability to, not what is usual.
"""

_TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

_log = logging.getLogger(__name__)


class TorchEngine(ManifestEngine):
    """Scores texts with torch.

    On the CPU, in float32, each text goes through the model alone: its scores are the same bits whatever texts are with
    it. On a GPU texts share a pass with those of the same padded length; see `GPU_TOLERANCE`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        threads: int = 0,
        device: Device = "auto",
        precision: Precision = "auto",
        compiling: Compiling = "off",
        base_folder: Path | None = None,
    ) -> None:
        """Load a model over its base.

        Args:
            folder: Holds manifest.json and the files it names, weights.safetensors among them.
            threads: CPU threads that torch may use in this process; 0 for as many as there are cores.
            device: "auto" takes a GPU if there is one; "cuda" insists on it.
            precision: Arithmetic on a GPU, by autocast; "auto" is fp16, whose answers lie nearest to float32's. On the
                CPU it is always float32.
            compiling: On a GPU: "on" compiles the model's kernels, which takes a minute at the start; "graphs" records
                them as CUDA graphs as well, one for each padded length, and fills every pass up to its full size.
            base_folder: Holds the base; None to look for it as `monitor.learning.network.bases` does.

        Raises:
            ModelError: The folder or its base fails its checks, or there is no GPU where one is insisted on.
        """
        manifest = load_manifest(folder, Labels())
        super().__init__(manifest, load_added_topics(folder, manifest))
        self._tokenizer = load_tokenizer(folder, manifest.max_tokens)
        if threads:
            torch.set_num_threads(threads)
        model, pad_id = load_weights(folder, manifest, base_folder)
        wanted = _wants_gpu(manifest, device)
        on_gpu = self._on_gpu(model, pad_id, precision, compiling) if wanted else None
        if on_gpu is None and device == "cuda":
            raise ModelError(f"The GPU does not take {self.model_version}.", "Set classify.device to auto.")
        self._passes: HostPasses | GpuPasses = on_gpu or HostPasses(model)

    @property
    def device(self) -> str:
        """Where the model lies: "cpu" or "cuda"."""
        return "cuda" if isinstance(self._passes, GpuPasses) else "cpu"

    def raw_answers(self, texts: Sequence[str]) -> RawAnswers:
        """What the heads say before calibration.

        Raises:
            ModelError: The GPU's memory does not hold a pass.
        """
        count, labels = len(texts), self.labels
        topic = np.zeros((count, len(labels.topics)), dtype=np.float32)
        sentiment = np.zeros((count, len(labels.sentiments)), dtype=np.float32)
        embeddings = np.zeros((count, self._manifest.width), dtype=np.float32)
        stories = np.zeros_like(embeddings)
        tags: list[Any] = [None] * count
        targets: list[Any] = [None] * count
        encodings = self._tokenizer.encode_batch(list(texts))
        rows = [encoding.ids for encoding in encodings]
        try:
            for places, outputs in self._passes.run(rows):
                topic[places], sentiment[places] = outputs[0], outputs[1]
                embeddings[places], stories[places] = outputs[4], outputs[5]
                for line, place in enumerate(places.tolist()):
                    tags[place] = outputs[2][line, : len(rows[place])]
                    targets[place] = outputs[3][line, : len(rows[place])]
        except torch.OutOfMemoryError as error:
            failure = ModelError("The GPU's memory does not hold a pass.", "Free some, or set classify.device to cpu.")
            failure.retryable = True  # others may use the same GPU
            raise failure from error
        offsets = [encoding.offsets for encoding in encodings]
        return RawAnswers(topic, sentiment, tags, targets, embeddings, stories, offsets)

    def _on_gpu(self, model: Classifier, pad_id: int, precision: Precision, compiling: Compiling) -> GpuPasses | None:
        """The model on the GPU; None, with a line in the log, where that does not take it."""
        kind = _TYPES["fp16" if precision == "auto" else precision]
        try:
            return GpuPasses(model.to("cuda"), pad_id, kind, compiling)
        except RuntimeError as error:
            model.to("cpu")
            _log.warning("The GPU does not take %s, so it runs on the CPU in float32: %s", self.model_version, error)
            return None


def gpu_is_there() -> bool:
    """Whether torch finds a GPU that it can use."""
    return torch.cuda.is_available()


def _wants_gpu(manifest: Manifest, device: Device) -> bool:
    """Whether to try the GPU; says in the log why not, where one would have been taken."""
    if device == "cpu":
        return False
    if gpu_is_there():
        return True
    why = "this torch is built without CUDA" if torch.version.cuda is None else "no NVIDIA driver or card is found"
    if device == "cuda":
        raise ModelError(f"classify.device is cuda, but {why}.", "Set it to auto, or mend that.")
    _log.warning("There is no GPU (%s), so %s runs on the CPU in float32.", why, manifest.model_version)
    return False
