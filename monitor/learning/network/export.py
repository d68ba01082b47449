"""From a trained model to the folder that the OpenVINO engine loads: a static int8 graph, its words and its papers."""

from __future__ import annotations

import logging
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer

from monitor.classify import added_topics
from monitor.classify.manifest import CARD_NAME, Manifest, file_sha256, write_manifest
from monitor.classify.openvino_engine import PADDING
from monitor.classify.openvino_runtime import import_openvino
from monitor.learning.judging.card import model_card
from monitor.learning.network.adapters import trained_state
from monitor.learning.network.model import Classifier

WEIGHTS_NAME = "weights.safetensors"
GRAPH_OUTPUTS = ("topic_logits", "sentiment_logits", "tag_logits", "target_logits", "embedding", "story")
SCORING_FILES = ("model.xml", "model.bin", WEIGHTS_NAME, "tokenizer.json", added_topics.FILE_NAME)
"""Files that decide the scores; a model folder has some of them."""
_CHATTY = ("nncf", "openvino", "torch", "transformers")
"""Loggers of the libraries that export."""


def export_model(
    model: Classifier, tokenizer: Tokenizer, calibration_texts: Sequence[str], folder: Path, max_tokens: int
) -> None:
    """Write model.xml, model.bin (static int8) and tokenizer.json.

    Args:
        model: Trained.
        tokenizer: The one it was trained with.
        calibration_texts: Training texts whose activations set the quantisation ranges; a few hundred. They leave no
            trace but those ranges.
        folder: Is created; existing files of these names are replaced.
        max_tokens: Truncation that the tokenizer file carries.

    Raises:
        ImportError: If nncf is not installed (extra: train).
    """
    openvino = import_openvino()
    folder.mkdir(parents=True, exist_ok=True)
    with _libraries_quiet():
        graph = quantised(_converted(model), tokenizer, calibration_texts)
    openvino.save_model(graph, folder / "model.xml", compress_to_fp16=False)
    _write_tokenizer(tokenizer, folder, max_tokens)


def quantised(graph: Any, tokenizer: Tokenizer, texts: Sequence[str]) -> Any:
    """Return the graph with int8 weights and activations, ranges fixed by the given texts.

    Static ranges keep a text's scores apart from the texts it shares a batch with; dynamic ones would not.
    """
    import_openvino()  # before nncf, which would bring the telemetry in
    import nncf

    rows = [
        {"input_ids": np.array([encoding.ids]), "attention_mask": np.ones((1, len(encoding.ids)), dtype=np.int64)}
        for encoding in tokenizer.encode_batch(list(texts))
    ]
    return nncf.quantize(
        graph,
        nncf.Dataset(rows),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(rows),
        fast_bias_correction=True,
        ignored_scope=nncf.IgnoredScope(names=_attention(graph), validate=False),
    )


@contextmanager
def _libraries_quiet() -> Iterator[None]:
    """Keeps back what libraries say of their own insides, errors excepted; their bars leave standard output alone."""
    import_openvino()  # before nncf, which would bring the telemetry in
    import_module("nncf")  # before its level is set, as it sets that itself
    loggers = [logging.getLogger(name) for name in _CHATTY]
    levels = [each.level for each in loggers]
    for each in loggers:  # not all logging: other threads have warnings of their own meanwhile
        each.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def export_weights(model: Classifier, tokenizer: Tokenizer, folder: Path, max_tokens: int) -> None:
    """Write what a torch engine loads over the base: weights.safetensors (float16) and tokenizer.json.

    Only weights that training changed are written, so that an adapter takes megabytes, not hundreds of them.

    Args:
        model: Trained; additions not merged.
        tokenizer: The one it was trained with.
        folder: Is created; existing files of these names are replaced.
        max_tokens: Truncation that the tokenizer file carries.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.to(torch.float16).contiguous() for name, tensor in trained_state(model).items()}
    save_file(state, folder / WEIGHTS_NAME)
    _write_tokenizer(tokenizer, folder, max_tokens)


def write_papers(folder: Path, manifest: Manifest, data: str = "") -> Manifest:
    """Write manifest.json and MODEL_CARD.md beside exported files, and return the manifest with their hashes.

    Args:
        folder: Holds the exported files.
        manifest: All but `files`, which is filled in here.
        data: A paragraph on the training data for the card.
    """
    names = [name for name in SCORING_FILES if (folder / name).exists()]
    manifest = msgspec.structs.replace(manifest, files={name: file_sha256(folder / name) for name in names})
    write_manifest(folder, manifest)
    (folder / CARD_NAME).write_text(model_card(manifest, data), encoding="utf-8")
    return manifest


def install(built: Path, folder: Path) -> None:
    """Put a finished folder in place of another, leaving no half-written one behind.

    After a kill between the two renames both lie whole beside each other, where the new one was built; after an error
    the old one is where it was.

    Args:
        built: A complete folder in a scratch folder of its own, on the same file system; what is replaced goes there.
        folder: Where it goes.
    """
    old = built.with_name(f"{built.name}.old")
    try:
        if folder.exists():
            folder.rename(old)
        built.rename(folder)
    finally:
        if old.exists() and not folder.exists():  # the scratch folder is removed with all that is in it
            old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _attention(graph: Any) -> list[str]:
    """Names of the attention's own products: too small for int8 to be faster than its conversions."""
    kind = "ScaledDotProductAttention"
    return [node.get_friendly_name() for node in graph.get_ops() if node.get_type_name() == kind]


def _converted(model: Classifier) -> Any:
    """Return the model as a float32 OpenVINO graph of dynamic shape, inputs and outputs named."""
    openvino = import_openvino()
    model.eval().float()
    encoder: Any = model.encoder
    encoder.set_attn_implementation("sdpa")  # stays one node of the graph, which the quantisation can leave out
    example = {name: torch.ones((2, PADDING), dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        graph = openvino.convert_model(model, example_input=example)
    for port, name in zip(graph.outputs, GRAPH_OUTPUTS, strict=True):
        port.get_tensor().set_names({name})
    return graph


def _write_tokenizer(tokenizer: Tokenizer, folder: Path, max_tokens: int) -> None:
    written = Tokenizer.from_str(tokenizer.to_str())
    written.no_padding()
    written.enable_truncation(max_length=max_tokens)
    written.save(str(folder / "tokenizer.json"), pretty=False)
