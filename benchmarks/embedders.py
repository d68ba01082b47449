"""Texts to vectors of length 1: by the untouched base encoder, and by a model of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monitor.classify.openvino_engine import SHIPPED_MODEL, OpenVinoEngine

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]
"""Texts, each as `prepare_text` returns it, to [n, width], each row of length 1."""

BASE_TOKENS = 256
"""Longer texts are cut there, as all-MiniLM-L6-v2 was published to do."""
_BATCH_TEXTS = 32


def base_embed(threads: int = 2) -> Embed:
    """The embedder of the untouched all-MiniLM-L6-v2: the mean of its last states over the tokens, by torch.

    Args:
        threads: CPU threads.

    Raises:
        ImportError: If torch or transformers are not installed.
        ModelError: If the base's package is not installed, or holds other weights.
    """
    import torch
    from tokenizers import Tokenizer

    from monitor.learning.network.bases import MINILM, base_folder
    from monitor.learning.network.model import base_embeddings, load_encoder

    folder = base_folder(MINILM)
    encoder: Any = load_encoder(folder).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(pad_id=MINILM.pad_id)
    tokenizer.enable_truncation(max_length=BASE_TOKENS)
    torch.set_num_threads(threads)

    def embed(texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), encoder.config.hidden_size), dtype=np.float32)
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), _BATCH_TEXTS):
            places = order[start : start + _BATCH_TEXTS]
            encodings = tokenizer.encode_batch([texts[place] for place in places])
            ids = torch.tensor([encoding.ids for encoding in encodings])  # [batch, tokens]
            mask = torch.tensor([encoding.attention_mask for encoding in encodings])
            with torch.inference_mode():
                found[places] = base_embeddings(encoder(input_ids=ids, attention_mask=mask), mask).numpy()
        return found

    return embed


def shipped_embed(
    folder: Path = SHIPPED_MODEL, threads: int = 0, vector: Literal["embeddings", "stories"] = "embeddings"
) -> tuple[Embed, str]:
    """A vector of a model of ours as an embedder, and the model's version.

    Args:
        folder: Of the model.
        threads: CPU threads; 0 for as many as there are cores.
        vector: Which of its two.

    Raises:
        ModelError: If the folder fails its checks.
    """
    engine = OpenVinoEngine(folder, threads=threads)

    def embed(texts: Sequence[str]) -> Vectors:
        return np.asarray(getattr(engine.classify(texts), vector), dtype=np.float32)

    return embed, engine.model_version
