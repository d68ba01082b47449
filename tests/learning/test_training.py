"""A tiny model goes the whole way: base weights, training, int8 export, the engine. Needs the extra: train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from monitor.classify.labels import Labels
from monitor.classify.manifest import Temperatures
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.errors import ModelError
from monitor.learning import model as model_module
from monitor.learning.examples import Example
from monitor.learning.export import export_model, install, write_papers
from monitor.learning.model import TwoHeads, load_base, load_tokenizer
from monitor.learning.training import Progress, Recipe, predict, train

BAD, GOOD, FLAT = ("falls", "plunges", "loses"), ("rises", "soars", "wins"), ("meets", "waits", "votes")
THINGS = {"oil": 6, "gold": 10, "dividend": 4, "euro": 8}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *BAD, *GOOD, *FLAT, *THINGS]
RECIPE = Recipe(epochs=12, batch_size=8, learning_rate=3e-3, head_factor=1.0, layer_decay=1.0, max_tokens=16)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model folder: random weights, thirteen words."""
    folder = tmp_path_factory.mktemp("base")
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    (folder / "config.json").write_text(config.to_json_string())
    save_file(BertModel(config, add_pooling_layer=False).state_dict(), folder / "model.safetensors")
    return folder


def _examples() -> list[Example]:
    sentiments = [Example(f"{thing} {verb}", sentiment=label) for thing in THINGS for label, verb in _verbs()]
    topics = [Example(f"{thing} {verb}", topic=topic) for thing, topic in THINGS.items() for _, verb in _verbs()]
    return sentiments + topics


def _verbs() -> list[tuple[int, str]]:
    return [(label, verb) for label, verbs in enumerate((BAD, FLAT, GOOD)) for verb in verbs]


def _train(base: Path, seed: int) -> tuple[TwoHeads, list[Progress]]:
    torch.manual_seed(seed)
    model, reports = load_base(base, Labels()), list[Progress]()
    train(model, load_tokenizer(base, 16), _examples(), Recipe(**{**vars(RECIPE), "seed": seed}), reports.append, 9)
    return model, reports


@pytest.fixture(scope="module")
def trained(base: Path) -> tuple[TwoHeads, list[Progress]]:
    """A model that has learnt both tasks."""
    return _train(base, 1)


def test_both_heads_learn_and_the_loss_falls(base: Path, trained: tuple[TwoHeads, list[Progress]]) -> None:
    model, reports = trained
    topics, sentiments = predict(model, load_tokenizer(base, 16), [example.text for example in _examples()])
    for example, topic, sentiment in zip(_examples(), topics.argmax(axis=1), sentiments.argmax(axis=1), strict=True):
        assert example.topic in (None, topic)
        assert example.sentiment in (None, sentiment)
    assert reports[-1].step == reports[-1].steps == 12 * 9
    assert reports[-1].loss < 0.7 * reports[0].loss


def test_a_seed_makes_a_run_repeatable(base: Path, trained: tuple[TwoHeads, list[Progress]]) -> None:
    again, _ = _train(base, 1)
    tokenizer = load_tokenizer(base, 16)
    first, second = (predict(model, tokenizer, ["oil falls"])[0] for model in (trained[0], again))
    assert np.array_equal(first, second)


def test_padding_does_not_change_a_prediction(base: Path, trained: tuple[TwoHeads, list[Progress]]) -> None:
    tokenizer = load_tokenizer(base, 16)
    alone, _ = predict(trained[0], tokenizer, ["oil falls"])
    together, _ = predict(trained[0], tokenizer, ["oil falls", "gold rises euro waits dividend wins oil meets"])
    assert np.allclose(alone[0], together[0], atol=1e-5)


def test_the_exported_model_answers_as_the_trained_one(
    base: Path, trained: tuple[TwoHeads, list[Progress]], tmp_path: Path
) -> None:
    texts = [example.text for example in _examples()]
    tokenizer = load_tokenizer(base, 16)
    built = tmp_path / "built"
    export_model(trained[0], tokenizer, texts, built, 16)
    manifest = write_papers(
        built,
        grade="tiny",
        labels=Labels(),
        temperatures=Temperatures(1.5, 0.5),
        max_tokens=16,
        data_fingerprint="0" * 64,
        recipe=RECIPE,
        metrics={},
    )
    install(built, tmp_path / "tiny")
    engine = OpenVinoEngine(tmp_path / "tiny", threads=1)
    assert engine.model_version == manifest.model_version
    for exact, served in zip(predict(trained[0], tokenizer, texts), engine.logits(texts), strict=True):
        assert (exact.argmax(axis=1) == served.argmax(axis=1)).mean() > 0.9
    assert "tiny-" in (tmp_path / "tiny" / "MODEL_CARD.md").read_text()
    assert not built.exists()


def test_installing_replaces_a_whole_folder(tmp_path: Path) -> None:
    for name, content in (("built", "new"), ("model", "old")):
        (tmp_path / name).mkdir()
        (tmp_path / name / content).touch()
    install(tmp_path / "built", tmp_path / "model")
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "new"]


def test_base_weights_are_the_pinned_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (model_module.base_folder() / "model.safetensors").is_file()
    monkeypatch.setattr(model_module, "BASE_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="sha256"):
        model_module.base_folder()
