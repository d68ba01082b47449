"""From a trained model to the folder that the OpenVINO engine loads: a static int8 graph, its words and its papers."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AttentionInterface

from monitor.classify import added_topics
from monitor.classify.manifest import Manifest, file_sha256, write_manifest
from monitor.classify.openvino_runtime import import_openvino
from monitor.learning.adapters import trained_state
from monitor.learning.card import model_card
from monitor.learning.model import Classifier, Outputs

WEIGHTS_NAME = "weights.safetensors"
GRAPH_OUTPUTS = ("topic_logits", "sentiment_logits", "tag_logits", "target_logits", "embedding")
SCORING_FILES = ("model.xml", "model.bin", WEIGHTS_NAME, "tokenizer.json", added_topics.FILE_NAME)
"""Files that decide the scores; a model folder has some of them."""


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
    graph = quantised(_converted(model), tokenizer, calibration_texts)
    openvino.save_model(graph, folder / "model.xml", compress_to_fp16=False)
    _write_tokenizer(tokenizer, folder, max_tokens)


def quantised(graph: Any, tokenizer: Tokenizer, texts: Sequence[str]) -> Any:
    """Return the graph with int8 weights and activations, ranges fixed by the given texts.

    Static ranges keep a text's scores apart from the texts it shares a batch with; dynamic ones would not.
    """
    import_openvino()  # before nncf, which would bring the telemetry in
    import nncf

    rows = [{"input_ids": np.array([encoding.ids])} for encoding in tokenizer.encode_batch(list(texts))]
    return nncf.quantize(
        graph,
        nncf.Dataset(rows),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(rows),
        fast_bias_correction=True,
        ignored_scope=nncf.IgnoredScope(names=_attention_products(graph), validate=False),
    )


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
    (folder / "MODEL_CARD.md").write_text(model_card(manifest, data), encoding="utf-8")
    return manifest


def install(built: Path, folder: Path) -> None:
    """Put a finished model folder in place of another, leaving no half-written one behind.

    Args:
        built: A complete folder on the same file system.
        folder: Where it goes.
    """
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    built.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


class _WholeRows(Classifier):
    """A classifier whose rows hold no padding, and so need no mask: the engine batches texts of one length."""

    def forward(self, input_ids: Tensor) -> Outputs:  # type: ignore[override]
        """Answer for a batch, [batch, tokens]."""
        return super().forward(input_ids, torch.ones_like(input_ids))


def _attend(
    _module: nn.Module, query: Tensor, key: Tensor, value: Tensor, _mask: Tensor | None, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """Attention without a mask, of [batch, heads, tokens, width of a head] each.

    The second product is taken transposed. The sum is the same, but OpenVINO would replace the usual order by a fused
    kernel that takes a third longer on rows as short as ours.
    """
    weights = torch.softmax(query * scaling @ key.transpose(2, 3), dim=-1)
    return (value.transpose(2, 3) @ weights.transpose(2, 3)).permute(0, 3, 1, 2).contiguous(), None


def _attention_products(graph: Any) -> list[str]:
    """Names of the matrix products of two activations: too small for int8 to be faster than its conversions."""
    products = [node for node in graph.get_ops() if node.get_type_name() == "MatMul"]
    return [node.get_friendly_name() for node in products if not _is_weight(node.input_value(1).get_node())]


def _is_weight(node: Any) -> bool:
    while node.get_type_name() in ("Convert", "Multiply") and node.get_input_size():
        node = node.input_value(0).get_node()
    return bool(node.get_type_name() == "Constant")


def _converted(model: Classifier) -> Any:
    """Return the model as a float32 OpenVINO graph of dynamic shape, inputs and outputs named."""
    openvino = import_openvino()
    model.eval().float()
    AttentionInterface.register("whole_rows", _attend)
    served = copy.copy(model)  # shares the weights
    served.__class__ = _WholeRows
    encoder: Any = model.encoder
    before = encoder.config._attn_implementation
    encoder.set_attn_implementation("whole_rows")
    try:
        with torch.no_grad():
            graph = openvino.convert_model(served, example_input={"input_ids": torch.ones((2, 8), dtype=torch.int64)})
    finally:
        encoder.set_attn_implementation(before)
    for port, name in zip(graph.outputs, GRAPH_OUTPUTS, strict=True):
        port.get_tensor().set_names({name})
    return graph


def _write_tokenizer(tokenizer: Tokenizer, folder: Path, max_tokens: int) -> None:
    written = Tokenizer.from_str(tokenizer.to_str())
    written.no_padding()
    written.enable_truncation(max_length=max_tokens)
    written.save(str(folder / "tokenizer.json"), pretty=False)
