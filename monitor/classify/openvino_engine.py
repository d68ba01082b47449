"""The CPU engine: a static int8 graph on OpenVINO, without torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from monitor.classify.added_topics import load_added_topics
from monitor.classify.decoding import RawAnswers
from monitor.classify.labels import Labels
from monitor.classify.manifest import REBUILD, load_manifest
from monitor.classify.manifest_engine import ManifestEngine
from monitor.classify.mentions import Span
from monitor.classify.openvino_runtime import import_openvino
from monitor.errors import ModelError

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "models" / "fast"
"""The model that comes with the package."""

PADDING = 8
"""Rows are padded to a multiple of so many tokens, and only rows of one width share a batch.

Padding positions weigh zero, but they change the order in which the floating-point sums of softmax and pooling are
taken, and a last bit can tip the rounding to int8 after it (seen in one text of a hundred). A width that depends on the
text alone makes the scores depend on the text alone.
"""

BATCH_TOKENS = 1024
"""Tokens of one inference, padding included: enough to keep a core busy, little enough to stay in its cache."""

Integers = npt.NDArray[np.int64]


class Offsets(Sequence[Sequence[Span]]):
    """Characters of each token of each text, listed when asked for: only texts with mentions need theirs."""

    def __init__(self, encodings: Sequence[Any]) -> None:
        """Keep what the tokenizer returned."""
        self._encodings = encodings

    def __len__(self) -> int:
        """How many texts."""
        return len(self._encodings)

    @overload
    def __getitem__(self, place: int) -> Sequence[Span]: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Sequence[Span]]: ...

    def __getitem__(self, place: int | slice) -> Any:
        """The tokens of one text, or of several."""
        return Offsets(self._encodings[place]) if isinstance(place, slice) else self._encodings[place].offsets


@dataclass(frozen=True)
class Batch:
    """Texts of one padded length: their places in the call, token ids and attention mask, both [texts, tokens]."""

    places: Integers
    ids: Integers
    mask: Integers


class OpenVinoEngine(ManifestEngine):
    """Scores texts on the CPU.

    A text's scores are the same bits whatever texts are with it: all matrix products are integer sums with ranges fixed
    at export, and its padding depends on its own length alone.
    """

    def __init__(self, folder: Path = SHIPPED_MODEL, *, threads: int = 0, cache_folder: Path | None = None) -> None:
        """Load and compile a model.

        Args:
            folder: Holds manifest.json and the files it names.
            threads: CPU threads to use, one inference stream each; 0 for as many as there are cores.
            cache_folder: Where compiled graphs are kept between starts; None keeps none.

        Raises:
            ModelError: If the folder fails its checks or cannot be compiled here.
            ValueError: If threads is negative.
        """
        if threads < 0:
            raise ValueError(f"threads must be 0 or more, not {threads}")
        manifest = load_manifest(folder, Labels())
        super().__init__(manifest, load_added_topics(folder, manifest))
        self._tokenizer = _load_tokenizer(folder, manifest.max_tokens)
        self._compiled = _compile(folder / "model.xml", threads, cache_folder)
        names = {name for output in self._compiled.outputs for name in output.names}
        self._story = "story" if "story" in names else "embedding"  # graphs of before have one vector for both
        self._queue: Any = import_openvino().AsyncInferQueue(self._compiled)

    def raw_answers(self, texts: Sequence[str]) -> RawAnswers:
        """Return what the heads say before calibration."""
        count = len(texts)
        topic = np.zeros((count, len(self.labels.topics)), dtype=np.float32)
        sentiment = np.zeros((count, len(self.labels.sentiments)), dtype=np.float32)
        embeddings = np.zeros((count, self._manifest.width), dtype=np.float32)
        stories = np.zeros_like(embeddings)
        tags: list[Any] = [None] * count
        targets: list[Any] = [None] * count
        encodings = self._tokenizer.encode_batch(list(texts))

        def place(request: Any, places: Integers) -> None:
            topic[places] = request.get_tensor("topic_logits").data
            sentiment[places] = request.get_tensor("sentiment_logits").data
            embeddings[places] = request.get_tensor("embedding").data
            stories[places] = request.get_tensor(self._story).data
            by_token = (
                np.array(request.get_tensor("tag_logits").data),
                np.array(request.get_tensor("target_logits").data),
            )
            for line, text in enumerate(places.tolist()):
                own = len(encodings[text].ids)
                tags[text], targets[text] = by_token[0][line, :own], by_token[1][line, :own]

        self._queue.set_callback(place)
        for batch in batches([encoding.ids for encoding in encodings], BATCH_TOKENS, even=True):
            self._queue.start_async({"input_ids": batch.ids, "attention_mask": batch.mask}, batch.places)
        self._queue.wait_all()
        return RawAnswers(topic, sentiment, tags, targets, embeddings, stories, Offsets(encodings))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of each text the model reads, its two marks included."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]


def batches(rows: Sequence[Sequence[int]], max_batch_tokens: int, *, even: bool = False) -> Iterator[Batch]:
    """Cut rows of token ids into batches of one width each, the widest first.

    Args:
        rows: Token ids of each text, none empty.
        max_batch_tokens: Size of a batch, padding included; a longer row makes a batch of its own.
        even: Each batch has a power of two of rows, so that few shapes occur.
    """
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    widths = -(-lengths // PADDING) * PADDING
    for width in np.unique(widths)[::-1].tolist():
        members = np.flatnonzero(widths == width)
        for start, stop in _cuts(len(members), max(1, max_batch_tokens // width), even):
            places = members[start:stop]
            ids = np.zeros((len(places), width), dtype=np.int64)
            for line, place in enumerate(places):
                ids[line, : lengths[place]] = rows[place]
            mask = (np.arange(width) < lengths[places, None]).astype(np.int64)
            yield Batch(places, ids, mask)


def _cuts(count: int, size: int, even: bool) -> Iterator[tuple[int, int]]:
    """Cut `count` rows into half-open stretches of at most `size`."""
    start = 0
    while start < count:
        rows = min(size, count - start)
        rows = 1 << (rows.bit_length() - 1) if even else rows
        yield start, start + rows
        start += rows


def _load_tokenizer(folder: Path, max_tokens: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises bare Exception
        raise ModelError(f"{folder / 'tokenizer.json'}: cannot be read: {error}.", REBUILD) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def _compile(path: Path, threads: int, cache_folder: Path | None) -> Any:
    openvino = import_openvino()
    core = openvino.Core()
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": "f32",  # elsewhere than in integer products; bf16 would depend on the CPU
        "SNIPPETS_MODE": "DISABLE",  # its fused attention takes a third longer on rows as short as ours
        "NUM_STREAMS": threads or openvino.properties.streams.Num.AUTO,
    }
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    if cache_folder is not None:
        options["CACHE_DIR"] = str(cache_folder)
    try:
        return core.compile_model(core.read_model(path), "CPU", options)
    except RuntimeError as error:
        raise ModelError(f"{path}: OpenVINO cannot compile it: {error}", REBUILD) from error
