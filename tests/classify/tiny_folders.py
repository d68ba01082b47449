"""Model folders of a tiny base, as training exports them for torch. Needs the extra: train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch

from monitor.classify.labels import SENTIMENTS, TOPICS
from monitor.classify.manifest import Manifest, Temperatures, file_sha256, write_manifest
from monitor.classify.mentions import TAGS
from monitor.learning.network.adapters import apply_method
from monitor.learning.network.export import export_weights
from monitor.learning.network.model import Classifier, load_tokenizer
from monitor.learning.recipe import Method
from tests.learning.tiny import RECIPE, base_of, tiny_model

MAX_TOKENS = 16


def adapted(base: Path, seed: int, method: Method = "full") -> Classifier:
    """A tiny model whose trained weights are drawn by the seed: as if it had been trained."""
    model = tiny_model(base, seed)
    apply_method(model, msgspec.structs.replace(RECIPE, method=method), 100)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
                parameter.copy_(parameter.half().float())  # as it is kept
        model.tag_head.bias.copy_(torch.tensor([0.0, 8.0, 0.0]))  # so that it finds mentions
    return model.eval()


def weights_folder(folder: Path, base: Path, model: Classifier, **changes: Any) -> Path:
    """The folder of such a model."""
    export_weights(model, load_tokenizer(base, MAX_TOKENS), folder, MAX_TOKENS)
    fields: dict[str, Any] = {
        "grade": "tiny",
        "topics": TOPICS,
        "sentiments": SENTIMENTS,
        "tags": TAGS,
        "width": 32,
        "temperatures": Temperatures(topic=1.5, sentiment=0.8, target=1.1),
        "abstain_below": 0.45,
        "max_tokens": MAX_TOKENS,
        "base_model": "tiny",
        "base_sha256": base_of(base).sha256,
        "data_fingerprint": "0" * 64,
        "recipe": {"method": "full", "rank": RECIPE.rank, "alpha": RECIPE.alpha},
        "metrics": {},
        "files": {name: file_sha256(folder / name) for name in ("weights.safetensors", "tokenizer.json")},
    }
    write_manifest(folder, Manifest(**fields | changes))
    return folder
