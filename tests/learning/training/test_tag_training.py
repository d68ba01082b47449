"""A tagger learns tags of one's own and comes back from its folder. Needs the extra: train."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.errors import InputError, ModelError
from monitor.learning.data.encoding import UNKNOWN
from monitor.learning.network.model import load_tokenizer
from monitor.learning.network.tagger import Entity, Tagger, load_tagger, pieces_of, targets_of
from monitor.learning.recipe import Method
from monitor.learning.training.loop import Progress
from monitor.learning.training.tag_training import train_tagger
from tests.learning.tiny import BAD, FLAT, GOOD, RECIPE, THINGS, tiny_base

TAGS = RECIPE.__class__(**{**msgspec.structs.asdict(RECIPE), "epochs": 8, "learning_rate": 5e-3})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Things are goods, of two words if two stand together; verbs that say how are moves."""
    path = tmp_path_factory.mktemp("data") / "train.conll"
    sentences = []
    for thing in THINGS:
        for other in THINGS:
            for verb in (*BAD, *GOOD, *FLAT):
                move = "O" if verb in FLAT else "S-MOVE"
                one = f"{thing} S-GOOD\n{verb} {move}\n"
                two = f"{other} B-GOOD\n{thing} E-GOOD\n{verb} {move}\n"
                sentences.append(one if thing == other else two)
    path.write_text("\n".join(sentences), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(base: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Progress]]:
    folder, reports = tmp_path_factory.mktemp("taggers") / "goods", list[Progress]()
    train_tagger(data, None, folder, TAGS, local=base, threads=1, watch=reports.append)
    return folder, reports


def test_a_tagger_learns_and_says_how_well(base: Path, trained: tuple[Path, list[Progress]]) -> None:
    folder, reports = trained
    tagger = load_tagger(folder, base)
    figures = tagger.papers.metrics["validation"]
    assert tagger.papers.tags == ("O", "B-GOOD", "I-GOOD", "B-MOVE", "I-MOVE")
    assert figures["entities"]["f1"] > 0.9
    assert set(figures["per_entity"]) == {"GOOD", "MOVE"}
    assert reports[-1].validation_loss is not None
    page = (folder / "REPORT.md").read_text(encoding="utf-8")
    assert "| MOVE |" in page
    assert "| B-GOOD |" in page
    assert sorted(path.name for path in folder.parent.iterdir()) == ["goods"]


def test_words_and_texts_are_tagged(base: Path, trained: tuple[Path, list[Progress]]) -> None:
    tagger = load_tagger(trained[0], base)
    assert tagger.tag([["oil", "rises"], [], ["gold", "euro", "waits"]]) == [
        ["B-GOOD", "B-MOVE"],
        [],
        ["B-GOOD", "I-GOOD", "O"],
    ]
    assert tagger.entities("Oil  rises") == [Entity(0, 3, "Oil", "GOOD"), Entity(5, 10, "rises", "MOVE")]
    assert tagger.entities(" ") == []


def test_a_long_sentence_is_tagged_to_its_end(base: Path, trained: tuple[Path, list[Progress]]) -> None:
    tagger = load_tagger(trained[0], base)
    words = ["oil", "rises"] * 40
    assert len(words) > tagger.papers.max_tokens
    tags = tagger.tag([words])[0]
    assert len(tags) == 80
    assert tags[-1] != "O"


def test_a_words_first_token_carries_its_tag(base: Path) -> None:
    tokenizer = load_tokenizer(base, 16)
    one, other = pieces_of([["oil", "oil-rises", " ", "falls"]], tokenizer, 6)
    assert (one.ids, one.firsts) == ([2, 13, 13, 1, 7, 3], [1, 2, -1])
    assert (other.ids, other.firsts, other.start) == ([2, 4, 3], [1], 3)
    assert targets_of(one, [4, 5, 6, 7]) == (UNKNOWN, 4, 5, UNKNOWN, UNKNOWN, UNKNOWN)
    assert targets_of(other, [4, 5, 6, 7]) == (UNKNOWN, 7, UNKNOWN)


@pytest.mark.parametrize("method", ["lora", "adalora", "prefix", "bottleneck"])
def test_every_method_makes_a_tagger(base: Path, data: Path, tmp_path: Path, method: Method) -> None:
    recipe = msgspec.structs.replace(TAGS, method=method, learning_rate=1e-2, epochs=4)
    papers = train_tagger(data, None, tmp_path / "out", recipe, local=base, threads=1)
    assert papers.metrics["validation"]["accuracy"] > 0.8
    assert load_tagger(tmp_path / "out", base).papers == papers


def test_plain_tags_are_judged_by_word(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "plain.conll"
    path.write_text("\n".join(f"{thing} NN\n{verb} VB\n" for thing in THINGS for verb in (*BAD, *GOOD)))
    papers = train_tagger(path, None, tmp_path / "out", TAGS, local=base, threads=1)
    assert papers.metrics["validation"]["accuracy"] == 1.0
    assert papers.metrics["validation"]["per_entity"] == {}
    with pytest.raises(ModelError, match="mark no entities"):
        load_tagger(tmp_path / "out", base).entities("oil")


def test_a_validation_file_is_not_learnt_from(base: Path, data: Path, tmp_path: Path) -> None:
    held_out = tmp_path / "held.conll"
    held_out.write_text("oil S-GOOD\nrises S-MOVE\n")
    papers = train_tagger(data, held_out, tmp_path / "out", TAGS, local=base, threads=1)
    assert papers.metrics["validation"]["words"] == 2
    with pytest.raises(InputError, match="every training sentence"):
        train_tagger(data, data, tmp_path / "out", TAGS, local=base)
    held_out.write_text("oil S-BAD\n")
    with pytest.raises(InputError, match=r"held.conll, line 1: the training file has no tag 'B-BAD'"):
        train_tagger(data, held_out, tmp_path / "out", TAGS, local=base)


def test_a_cut_run_goes_on(base: Path, data: Path, tmp_path: Path, trained: tuple[Path, list[Progress]]) -> None:
    class CutError(Exception):
        pass

    def cut(progress: Progress) -> None:
        if progress.epoch == 3:
            raise CutError

    with pytest.raises(CutError):
        train_tagger(data, None, tmp_path / "out", TAGS, local=base, run_folder=tmp_path / "run", threads=1, watch=cut)
    assert not (tmp_path / "out").exists()
    kept: dict[str, Any] = {"local": base, "run_folder": tmp_path / "run", "threads": 1}
    with pytest.raises(InputError, match="--resume"):
        train_tagger(data, None, tmp_path / "out", TAGS, **kept)
    train_tagger(data, None, tmp_path / "out", TAGS, **kept, resume=True)
    weights = [folder / "weights.safetensors" for folder in (tmp_path / "out", trained[0])]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert list((tmp_path / "run").iterdir()) == []
    with pytest.raises(InputError, match="no run to go on with"):
        train_tagger(data, None, tmp_path / "out", TAGS, **kept, resume=True)


def test_a_changed_folder_or_base_is_refused(base: Path, trained: tuple[Path, list[Progress]], tmp_path: Path) -> None:
    for name in ("weights.safetensors", "tokenizer.json", "tagger.json"):
        (tmp_path / name).write_bytes((trained[0] / name).read_bytes())
    assert isinstance(load_tagger(tmp_path, base), Tagger)
    papers = json.loads((tmp_path / "tagger.json").read_text())
    (tmp_path / "tagger.json").write_text(json.dumps({**papers, "base_sha256": "0" * 64}))
    with pytest.raises(ModelError, match="other weights"):
        load_tagger(tmp_path, base)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="missing or changed"):
        load_tagger(tmp_path, base)
    (tmp_path / "tagger.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be read") as caught:
        load_tagger(tmp_path, base)
    assert "monitor train-tags" in caught.value.remedy


def test_what_is_no_tagger_is_not_replaced(base: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match=r"no tagger's folder"):
        train_tagger(data, None, tmp_path, TAGS, local=base)
