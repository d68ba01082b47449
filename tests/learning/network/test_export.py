"""What is exported answers as what was trained, and takes a folder's place whole. Needs the extra: train."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest, Temperatures
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.learning.network.export import export_model, install, write_papers
from monitor.learning.network.model import load_tokenizer
from monitor.learning.network.predicting import predict
from monitor.learning.training.loop import train
from tests.learning.tiny import RECIPE, base_of, tiny_base, tiny_examples, tiny_model, tiny_rows

KILLED_BETWEEN_TWO_RENAMES = """
import os, signal, sys
from pathlib import Path
from monitor.learning.network.export import install
renames = []
def watch(event, arguments):
    if event == "os.rename":
        renames.append(arguments)
        if len(renames) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
install(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def _folder(path: Path, content: str) -> Path:
    path.mkdir(parents=True)
    (path / content).touch()
    return path


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.mark.slow
def test_the_served_graph_answers_all_four_questions_as_the_trained_model_does(base: Path, tmp_path: Path) -> None:
    """The engine pads these texts of four tokens to eight, and the trained model reads them unpadded."""
    model = tiny_model(base)
    train(model, tiny_rows(base), RECIPE, lambda _: None, pad_id=0)
    texts = [example.text for example in tiny_examples()]
    exact = predict(model, [row.ids for row in tiny_rows(base)], 0)
    export_model(model, load_tokenizer(base, 16), texts, tmp_path / "built", 16)
    labels = Labels()
    papers = write_papers(
        tmp_path / "built",
        Manifest(
            grade="tiny", topics=labels.topics, sentiments=labels.sentiments, tags=labels.tags, width=32,
            temperatures=Temperatures(1.0, 1.0, 1.0), abstain_below=0.5, max_tokens=16, base_model="tiny",
            base_sha256=base_of(base).sha256, data_fingerprint="0" * 64, recipe=msgspec.to_builtins(RECIPE),
            metrics={}, files={},
        ),
    )  # fmt: skip
    install(tmp_path / "built", tmp_path / "tiny")
    assert not (tmp_path / "built").exists()
    engine = OpenVinoEngine(tmp_path / "tiny", threads=1)
    assert engine.model_version == papers.model_version
    served = engine.raw_answers(texts)
    for mine, theirs in ((exact.topic(), served.topic), (exact.sentiment(), served.sentiment)):
        assert (mine.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.9
    for name in ("tags", "targets"):
        mine = np.concatenate([getattr(answer, name) for answer in exact.soft])
        theirs = np.concatenate(getattr(served, name))
        assert mine.shape == theirs.shape
        assert (mine.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.9
    assert float((exact.embeddings * served.embeddings).sum(axis=1).min()) > 0.95


class _Heard(logging.Handler):
    """What was logged, whatever its level."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.mark.slow
def test_who_trains_is_not_told_of_the_libraries_insides(
    base: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder, capsys: pytest.CaptureFixture[str]
) -> None:
    import nncf  # which sets its logger up

    libraries, heard = [logging.getLogger(name) for name in (nncf.__name__, "transformers")], _Heard()
    for library in libraries:
        library.addHandler(heard)
    try:
        texts = [example.text for example in tiny_examples()]
        export_model(tiny_model(base), load_tokenizer(base, 16), texts, tmp_path / "built", 16)
        assert heard.lines == [str(each.message) for each in recwarn] == []
        assert capsys.readouterr().out == ""  # that is for results; bars stand on standard error
        libraries[0].info("They speak again.")
        assert heard.lines == ["They speak again."]
    finally:
        for library in libraries:
            library.removeHandler(heard)


def test_installing_replaces_a_whole_folder(tmp_path: Path) -> None:
    for name, content in (("built", "new"), ("model", "old")):
        (tmp_path / name).mkdir()
        (tmp_path / name / content).touch()
    install(tmp_path / "built", tmp_path / "model")
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["model", "model/new"]


def test_installing_touches_no_other_folder(tmp_path: Path) -> None:
    _folder(tmp_path / "model", "replaced")
    _folder(tmp_path / "model.old", "somebody's")
    install(_folder(tmp_path / "scratch" / "model", "new"), tmp_path / "model")
    assert _files(tmp_path) == ["model.old/somebody's", "model/new"]


def test_a_model_that_cannot_be_replaced_stays_where_it_is(tmp_path: Path) -> None:
    _folder(tmp_path / "model", "old")
    _folder(tmp_path / "scratch", "nothing built")
    with pytest.raises(FileNotFoundError):
        install(tmp_path / "scratch" / "model", tmp_path / "model")
    assert _files(tmp_path) == ["model/old", "scratch/nothing built"]


def test_after_a_kill_between_two_renames_both_models_are_there_and_the_next_one_takes_neither_away(
    tmp_path: Path,
) -> None:
    model = _folder(tmp_path / "model", "old")
    built = _folder(tmp_path / "scratch" / "model", "new")
    command = [sys.executable, "-c", KILLED_BETWEEN_TWO_RENAMES, str(built), str(model)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=root)
    assert done.returncode == -signal.SIGKILL, done.stderr
    install(_folder(tmp_path / "next" / "model", "newer"), model)
    assert _files(tmp_path) == ["model/newer", "scratch/model.old/old", "scratch/model/new"]
