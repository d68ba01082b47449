"""A base small enough to train within a test: two layers, fourteen words, random weights. Needs the extra: train."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

from monitor.classify.labels import Labels
from monitor.classify.manifest import file_sha256
from monitor.learning.data.encoding import Encoded, encode
from monitor.learning.data.examples import Example, LabelledMention
from monitor.learning.network.bases import Base
from monitor.learning.network.model import Classifier, load_base, load_tokenizer
from monitor.learning.recipe import Recipe
from monitor.learning.training.loop import prepare_run

BAD, GOOD, FLAT = ("falls", "plunges", "loses"), ("rises", "soars", "wins"), ("meets", "waits", "votes")
THINGS = {"oil": 6, "gold": 10, "dividend": 4, "euro": 8}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *BAD, *GOOD, *FLAT, *THINGS]
RECIPE = Recipe(
    base="tiny", epochs=12, batch_size=8, learning_rate=3e-3, head_factor=1.0, layer_decay=1.0, precision="fp32",
    embedding_weight=0.0, rank=4, alpha=16.0, max_tokens=16,
)  # fmt: skip
_SIZES: dict[str, Any] = {
    "vocab_size": len(WORDS),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def tiny_base(folder: Path, kind: Literal["bert", "mpnet"] = "bert", *, turned: bool = False) -> Path:
    """Write config.json, model.safetensors and tokenizer.json; the weights are the same each time.

    Args:
        folder: Is created.
        kind: Of the encoder.
        turned: The words, but not the marks, have their numbers in the opposite order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = [*WORDS[:4], *WORDS[:3:-1]] if turned else WORDS
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder: Any
        if kind == "bert":
            encoder = BertModel(BertConfig(**_SIZES), add_pooling_layer=False)
        else:
            encoder = MPNetModel(MPNetConfig(**_SIZES, pad_token_id=0), add_pooling_layer=False)
    (folder / "config.json").write_text(encoder.config.to_json_string())
    save_file(
        {name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}, folder / "model.safetensors"
    )
    return folder


def base_of(folder: Path, name: str = "tiny") -> Base:
    """The pin of such a folder."""
    return Base(name=name, hub="", sha256=file_sha256(folder / "model.safetensors"), pad_id=0, packages=())


def tiny_model(folder: Path, seed: int = 1, dropout: float = 0.1) -> Classifier:
    """Fresh heads, drawn by the seed, on the base in a folder."""
    prepare_run(seed, threads=1)  # more would wait for one another longer than they compute
    return load_base(base_of(folder), Labels(), dropout, local=folder)


def tiny_examples() -> list[Example]:
    """Each thing with each verb, 36 with a sentiment and the thing marked, 36 with a topic."""
    verbs = [(label, verb) for label, verbs in enumerate((BAD, FLAT, GOOD)) for verb in verbs]
    sentiments = [
        Example(f"{thing} {verb}", sentiment=label, mentions=(LabelledMention(0, len(thing), label),), tagged=True)
        for thing in THINGS
        for label, verb in verbs
    ]
    return sentiments + [
        Example(f"{thing} {verb}", topic=topic) for thing, topic in THINGS.items() for _, verb in verbs
    ]


def tiny_rows(folder: Path) -> list[Encoded]:
    """The examples, encoded."""
    return encode(tiny_examples(), load_tokenizer(folder, 16))
