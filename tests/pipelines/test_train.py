"""The job that trains: a cut run goes on, a successor starts where its parent ended. Needs the extra: train."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from monitor.classify.added_topics import AddedTopic
from monitor.classify.choosing import open_engine
from monitor.classify.labels import Labels
from monitor.classify.manifest import Temperatures, load_manifest
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.errors import InputError, ModelError
from monitor.learning.data.examples import Example, without_repeats
from monitor.learning.network import bases
from monitor.learning.training.loop import Progress
from pipelines.packing import building
from pipelines.topics import build_version
from pipelines.train import Run, VersionTrainer, train_version
from tests.learning.tiny import RECIPE, base_of, tiny_base, tiny_examples

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
QUICK = msgspec.structs.replace(RECIPE, epochs=4, patience=3)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tiny_base(tmp_path / "base")
    monkeypatch.setitem(bases.BASES, "tiny", base_of(folder))
    return folder


def _sides() -> tuple[list[Example], list[Example]]:
    examples = without_repeats(tiny_examples())
    return [example for place, example in enumerate(examples) if place % 5], examples[::5]


@pytest.mark.slow
def test_a_run_that_was_cut_ends_as_one_that_was_not(base: Path, tmp_path: Path) -> None:
    training, validation = _sides()
    runs = {name: Run(base_folder=base, folder=tmp_path / name, threads=1) for name in ("undisturbed", "run")}
    train_version(training, QUICK, tmp_path / "whole", validation=validation, run=runs["undisturbed"])

    def cut(progress: Progress) -> None:
        if progress.epoch == 3:
            raise KeyboardInterrupt

    out, seen = tmp_path / "out", list[int]()
    with pytest.raises(KeyboardInterrupt):
        train_version(training, QUICK, out, validation=validation, run=runs["run"], watch=cut)
    assert not out.exists()
    with pytest.raises(InputError, match="--resume"):
        train_version(training, QUICK, out, validation=validation, run=runs["run"])
    resumed = replace(runs["run"], resume=True)
    train_version(training, QUICK, out, validation=validation, run=resumed, watch=lambda told: seen.append(told.epoch))
    assert min(seen) == 3
    assert _weights(tmp_path / "run") == _weights(tmp_path / "undisturbed")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["weights"]


def _weights(run: Path) -> bytes:
    return (run / "weights" / "weights.safetensors").read_bytes()


def _cut(progress: Progress) -> None:
    """Ends a run once its first epoch is kept."""
    if progress.validation_loss is not None:
        raise KeyboardInterrupt


def test_a_run_goes_on_with_the_same_split_parent_and_teacher_alone(base: Path, tmp_path: Path) -> None:
    training, validation = _sides()
    lessons = [Run(base_folder=base, folder=tmp_path / name, threads=1) for name in ("one", "two")]
    for seed, lesson in enumerate(lessons):
        taught = msgspec.structs.replace(RECIPE, seed=seed)
        train_version(training, taught, tmp_path / "version", validation=validation, run=lesson)
    one, two = (tmp_path / name / "weights" for name in ("one", "two"))
    run = Run(base_folder=base, teacher_base=base, folder=tmp_path / "run", threads=1)
    given: dict[str, Any] = {"validation": validation, "teacher": one, "parent": one}
    with pytest.raises(KeyboardInterrupt):
        train_version(training, QUICK, tmp_path / "out", **given, run=run, watch=_cut)
    resumed = replace(run, resume=True)
    changes: dict[str, dict[str, Any]] = {
        "split": {"examples": training[1:], "validation": [training[0], *validation]},
        "sides": {"examples": training[5:], "certain": training[:5]},
        "teacher": {"teacher": two},
        "no teacher": {"teacher": None},
        "parent": {"parent": two},
    }
    for changed in changes.values():
        with pytest.raises(ModelError, match=r"other (data|texts)"):
            train_version(**{"examples": training, **given, **changed}, recipe=QUICK, out_folder=tmp_path / "out",
                          run=resumed)  # fmt: skip
    assert not (tmp_path / "out").exists()
    train_version(training, QUICK, tmp_path / "out", **given, run=resumed)


def test_the_weights_that_a_run_keeps_have_the_final_papers(base: Path, tmp_path: Path) -> None:
    """So what is exported from them answers as the version does."""
    training = without_repeats(tiny_examples())
    validation = [replace(one, text=f"{one.text} euro") for one in training]
    run = Run(base_folder=base, folder=tmp_path / "run", threads=1)
    train_version(training, QUICK, tmp_path / "plain", validation=validation, run=run)
    plain = load_manifest(tmp_path / "plain", Labels())
    topic = AddedTopic(
        name="Oil spills", description="", origin="examples", examples=8, direction=(1.0,) * 32, bias=0.5
    )  # fmt: skip
    build_version(tmp_path / "plain", tmp_path / "parent", plain, [topic])
    papers = train_version(
        training, QUICK, tmp_path / "next", validation=validation, parent=tmp_path / "parent", run=run
    )  # fmt: skip
    kept = load_manifest(tmp_path / "run" / "weights", Labels())
    assert papers.temperatures != Temperatures(1.0, 1.0, 1.0)
    for name in ("temperatures", "abstain_below", "metrics", "topics", "added_topics", "max_tokens", "parent"):
        assert getattr(kept, name) == getattr(papers, name), name
    texts = [example.text for example in training]
    one, two = (open_engine(tmp_path / name, base_folder=base) for name in ("next", "run/weights"))
    before, after = (engine.classify(texts).topic_probabilities[:, -1] for engine in (one, two))
    assert np.abs(before - after).max() < 0.1


def test_a_successor_reads_no_less_than_its_parent_and_is_judged_by_people_alone(base: Path, tmp_path: Path) -> None:
    training, validation = _sides()
    run, said = Run(base_folder=base, threads=1), list[str]()
    longer = msgspec.structs.replace(QUICK, max_tokens=200)
    train_version(training, longer, tmp_path / "parent", validation=validation, run=run)
    labelled = [Example(f"{one.text} {one.text}", topic=one.topic, sentiment=one.sentiment) for one in training]
    rehearsals = [*training, *(replace(one, text=f"{one.text}!") for one in labelled)]
    trainer = VersionTrainer(msgspec.structs.replace(QUICK, epochs=1), run, said.append)
    folder = trainer.train(labelled, rehearsals, tmp_path / "parent", tmp_path / "next", NOON)
    assert load_manifest(folder, Labels()).max_tokens == 200
    held_out = -(-len(labelled) // 10)
    learnt = 2 * (len(labelled) - held_out) + len(training)  # of each held-out text its rehearsal is left out
    assert f"{learnt} texts to train on, {held_out} to validate on" in said


def test_what_killed_runs_left_goes_once_the_place_is_taken(tmp_path: Path) -> None:
    def left_by(name: str, holds: str) -> None:
        (tmp_path / f".building-{name}" / holds).mkdir(parents=True)

    left_by("a", "out")
    left_by("b", "out.old")
    left_by("c", "another")
    with building(tmp_path / "out"):
        assert len(list(tmp_path.iterdir())) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [".building-c", "out"]


def test_what_another_run_still_builds_stays(tmp_path: Path) -> None:
    with building(tmp_path / "out") as slow:
        with building(tmp_path / "out"):
            pass
        assert slow.is_dir()
    with pytest.raises(KeyboardInterrupt), building(tmp_path / "out"):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_a_successor_names_its_parent_and_serves(base: Path, tmp_path: Path) -> None:
    training, validation = _sides()
    run = Run(base_folder=base, threads=1)
    parent = train_version(training, QUICK, tmp_path / "parent", validation=validation, run=run)
    said = list[str]()
    trainer = VersionTrainer(QUICK, run, said.append)
    folder = trainer.train(training, [], tmp_path / "parent", tmp_path / "next", NOON)
    manifest = load_manifest(folder, Labels())
    assert (parent.labels_until, manifest.labels_until) == (None, NOON)
    assert manifest.parent == parent.model_version
    assert manifest.grade == parent.grade
    assert OpenVinoEngine(folder, threads=1).classify(["oil falls"]).sentiments.shape == (1,)
    assert any(manifest.model_version in line for line in said)


@pytest.mark.slow
def test_a_successor_keeps_the_topics_that_were_added_to_its_parent(base: Path, tmp_path: Path) -> None:
    training, validation = _sides()
    run = Run(base_folder=base, threads=1)
    train_version(training, QUICK, tmp_path / "plain", validation=validation, run=run)
    plain = load_manifest(tmp_path / "plain", Labels())
    asked = OpenVinoEngine(tmp_path / "plain", threads=1).classify([example.text for example in training]).embeddings
    toward = asked[0] - asked.mean(axis=0)
    topic = AddedTopic(
        name="Oil spills", description="Leaks at sea", origin="examples", examples=8,
        direction=tuple(200.0 * float(value) for value in toward), bias=float(-200.0 * toward @ asked.mean(axis=0)),
    )  # fmt: skip
    build_version(tmp_path / "plain", tmp_path / "parent", plain, [topic])
    of_added = replace(training[0], topic=len(plain.labels.topics))
    train_version(
        [*training[1:], of_added], QUICK, tmp_path / "next", validation=validation, parent=tmp_path / "parent", run=run
    )
    before, after = (OpenVinoEngine(tmp_path / name, threads=1) for name in ("parent", "next"))
    assert after.labels == before.labels
    assert after.labels.added == ("Oil spills",)
    texts = [example.text for example in training]
    one, two = (engine.classify(texts).topic_probabilities[:, -1] for engine in (before, after))
    assert np.ptp(one) > 0.3
    assert np.corrcoef(one, two)[0, 1] > 0.9


def test_a_parent_of_another_base_is_refused(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training, validation = _sides()
    run = Run(base_folder=base, threads=1)
    train_version(training, QUICK, tmp_path / "parent", validation=validation, run=run)
    other = tiny_base(tmp_path / "other", "mpnet")
    monkeypatch.setitem(bases.BASES, "other", _other_base(other))
    with pytest.raises(ModelError):
        train_version(
            training, msgspec.structs.replace(QUICK, base="other"), tmp_path / "next", validation=validation,
            parent=tmp_path / "parent", run=Run(base_folder=other, threads=1),
        )  # fmt: skip
    assert not (tmp_path / "next").exists()


def _other_base(folder: Path) -> bases.Base:
    """The pin of another base in a folder."""
    pinned = base_of(folder)
    return bases.Base(name="other", hub="", sha256=pinned.sha256, pad_id=0, packages=())


def test_a_teacher_reads_texts_by_its_own_words(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of its words are not the student's: as those of all-mpnet-base-v2 are not of all-MiniLM-L6-v2."""
    other = tiny_base(tmp_path / "other", turned=True)
    monkeypatch.setitem(bases.BASES, "other", base_of(other, "other"))
    training, validation = _sides()
    lessons = msgspec.structs.replace(RECIPE, epochs=30)
    recipe = msgspec.structs.replace(lessons, base="other")
    lesson = Run(base_folder=other, folder=tmp_path / "lesson", threads=1)
    train_version(training, recipe, tmp_path / "teacher", validation=validation, run=lesson)
    texts = [Example(example.text) for example in training]
    train_version(
        texts, lessons, tmp_path / "student", validation=validation, teacher=tmp_path / "lesson" / "weights",
        run=Run(base_folder=base, teacher_base=other, threads=1),
    )  # fmt: skip
    known = [example for example in training if example.sentiment is not None]
    engine = OpenVinoEngine(tmp_path / "student", threads=1)
    found = engine.classify([example.text for example in known]).sentiments
    assert np.mean(found == [example.sentiment for example in known]) > 0.8


def test_a_teacher_that_knows_less_than_a_guess_is_refused(base: Path, tmp_path: Path) -> None:
    training, validation = _sides()
    run = Run(base_folder=base, teacher_base=base, folder=tmp_path / "lesson", threads=1)
    turned = [replace(one, sentiment=None if one.sentiment is None else (one.sentiment + 1) % 3) for one in training]
    train_version(turned, RECIPE, tmp_path / "teacher", validation=validation, run=run)
    with pytest.raises(ModelError, match="is no teacher"):
        train_version(
            training, RECIPE, tmp_path / "student", validation=validation, teacher=tmp_path / "lesson" / "weights",
            run=Run(base_folder=base, teacher_base=base, threads=1),
        )  # fmt: skip
    assert not (tmp_path / "student").exists()


def test_a_teacher_is_not_asked_about_labels_that_are_certain(base: Path, tmp_path: Path) -> None:
    training, validation = _sides()
    run = Run(base_folder=base, teacher_base=base, folder=tmp_path / "run", threads=1)
    train_version(training, QUICK, tmp_path / "teacher", validation=validation, run=run)
    certain = training[:5]

    def cut(_progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_version(
            training[5:], QUICK, tmp_path / "student", validation=validation, certain=certain,
            teacher=tmp_path / "run" / "weights", run=replace(run, folder=tmp_path / "next"), watch=cut,
        )  # fmt: skip
    (kept,) = (tmp_path / "next").glob("answers-*.safetensors")
    assert len(load_file(kept)["topic"]) == len(training) - len(certain)
