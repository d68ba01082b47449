"""A version's folder becomes the model that it was made from. Needs the extra: train."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest, Temperatures
from monitor.errors import ModelError
from monitor.learning.network.adapters import apply_method
from monitor.learning.network.export import export_model, export_weights, write_papers
from monitor.learning.network.model import Classifier, load_tokenizer
from monitor.learning.network.predicting import predict
from monitor.learning.network.restoring import plain, restore_weights
from monitor.learning.recipe import Recipe
from monitor.learning.training.loop import train
from tests.learning.tiny import RECIPE, base_of, tiny_base, tiny_examples, tiny_model, tiny_rows


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


def _trained(base: Path, recipe: Recipe) -> Classifier:
    model = tiny_model(base)
    apply_method(model, recipe, 50)
    train(model, tiny_rows(base), recipe, lambda _: None, pad_id=0)
    return model


def _papers(base: Path, recipe: Recipe) -> Manifest:
    labels = Labels()
    return Manifest(
        grade="tiny", topics=labels.topics, sentiments=labels.sentiments, tags=labels.tags, width=32,
        temperatures=Temperatures(1.0, 1.0, 1.0), abstain_below=0.5, max_tokens=16, base_model="tiny",
        base_sha256=base_of(base).sha256, data_fingerprint="0" * 64, recipe=msgspec.to_builtins(recipe), metrics={},
        files={},
    )  # fmt: skip


def _answers(model: Classifier, base: Path) -> np.ndarray:
    return predict(model, [row.ids for row in tiny_rows(base)], 0).sentiment()


def test_a_version_from_before_the_story_vector_tells_stories_by_its_embedding(base: Path, tmp_path: Path) -> None:
    model = _trained(base, msgspec.structs.replace(RECIPE, epochs=1))
    export_weights(model, load_tokenizer(base, 16), tmp_path, 16)
    path = tmp_path / "weights.safetensors"
    save_file({name: tensor for name, tensor in load_file(path).items() if not name.startswith("story_head")}, path)
    write_papers(tmp_path, _papers(base, RECIPE))
    again = tiny_model(base, seed=2)
    restore_weights(again, tmp_path)
    answers = predict(again, [row.ids for row in tiny_rows(base)], 0)
    assert np.array_equal(answers.stories, answers.embeddings)


@pytest.mark.slow
def test_an_int8_graph_gives_its_float_weights_back(base: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, epochs=3)
    model = _trained(base, recipe)
    texts = [example.text for example in tiny_examples()]
    export_model(model, load_tokenizer(base, 16), texts, tmp_path, 16)
    write_papers(tmp_path, _papers(base, recipe))
    again = tiny_model(base, seed=2)
    assert not restore_weights(again, tmp_path).adapted
    for name, tensor in model.state_dict().items():
        found = again.state_dict()[name]
        assert float((found - tensor).norm()) <= 0.1 * float(tensor.norm()) + 0.02, name
    same = _answers(again, base).argmax(axis=1) == _answers(model, base).argmax(axis=1)
    assert same.mean() > 0.9


@pytest.mark.parametrize("method", ["full", "lora", "bottleneck"])
def test_weights_come_back_as_they_were(base: Path, tmp_path: Path, method: str) -> None:
    recipe = msgspec.structs.replace(RECIPE, epochs=2, method=method)
    model = _trained(base, recipe)
    export_weights(model, load_tokenizer(base, 16), tmp_path, 16)
    write_papers(tmp_path, _papers(base, recipe))
    again = tiny_model(base, seed=2)
    restored = restore_weights(again, tmp_path)
    assert restored.adapted == (method != "full")
    assert np.allclose(_answers(again, base), _answers(model, base), atol=0.02)
    if method == "bottleneck":
        with pytest.raises(ModelError, match="goes on by the same method"):
            plain(again, restored)
        return
    plain(again, restored)
    assert np.allclose(_answers(again, base), _answers(model, base), atol=0.02)
    assert all(parameter.requires_grad for parameter in again.parameters())


def test_a_graph_of_another_model_is_refused(base: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, epochs=1)
    texts = [example.text for example in tiny_examples()]
    export_model(tiny_model(base), load_tokenizer(base, 16), texts, tmp_path, 16)
    write_papers(tmp_path, _papers(base, recipe))
    other = tiny_model(base)
    apply_method(other, msgspec.structs.replace(recipe, method="bottleneck"), 1)
    with pytest.raises(ModelError, match="cannot be read back"):
        restore_weights(other, tmp_path)


def test_a_graph_with_an_addition_that_stays_in_it_is_refused(base: Path, tmp_path: Path) -> None:
    texts = [example.text for example in tiny_examples()]
    export_model(tiny_model(base), load_tokenizer(base, 16), texts, tmp_path, 16)
    write_papers(tmp_path, _papers(base, msgspec.structs.replace(RECIPE, method="bottleneck")))
    with pytest.raises(ModelError, match="bottleneck cannot be read back out of a graph") as caught:
        restore_weights(tiny_model(base), tmp_path)
    assert "folder of weights" in caught.value.remedy
