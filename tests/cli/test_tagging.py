"""`monitor train-tags`: a tagger from a CoNLL file, with its report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.trained import Bench, bench_in
from tests.learning.tiny import BAD, GOOD, THINGS, tiny_base

TINY = ("--base", "tiny", "--threads", "1", "--set", "precision=fp32", "--set", "learning_rate=0.003",
        "--set", "head_factor=1", "--set", "layer_decay=1", "--set", "batch_size=8", "--set", "epochs=25")  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return bench_in(tmp_path, tiny_base(tmp_path / "base"), monkeypatch)


def _conll(path: Path, separator: str = "\t") -> Path:
    sentences = [((thing, "B-ASSET"), (verb, "O")) for thing in THINGS for verb in (*BAD, *GOOD)]
    path.write_text("\n\n".join("\n".join(separator.join(pair) for pair in words) for words in sentences) + "\n")
    return path


def test_a_tagger_is_trained_judged_by_word_and_entity_and_reported(bench: Bench) -> None:
    data = _conll(bench.folder / "words.conll")
    done = bench.run("train-tags", "--data", data, "--out", "tagger", "--base-folder", bench.base, *TINY, "--json")
    assert done.status == 0, done.prose
    assert done.json["tags"] == ["O", "B-ASSET"] or set(done.json["tags"]) == {"O", "B-ASSET", "I-ASSET"}
    report = (bench.folder / "tagger" / "REPORT.md").read_text()
    assert "ASSET" in report
    assert "recall" in report.lower()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("oil\n", "words.conll"), ("", "words.conll"), ("oil B-ASSET\nfalls I-OTHER extra\n", "words.conll")],
)
def test_a_file_that_is_not_conll_is_refused_by_name(bench: Bench, content: str, complaint: str) -> None:
    (bench.folder / "words.conll").write_text(content)
    done = bench.run("train-tags", "--data", "words.conll", "--out", "tagger", "--base-folder", bench.base, *TINY)
    assert done.status == 2
    assert complaint in done.prose
    assert "tagger" not in bench.files()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--out", "words.conll/tagger"), "is no folder"),
        (("--resume",), "--resume needs the folder"),
        (("--resume", "--run", "run"), "keeps no run to go on with"),
        (("--run", "tagger/run"), "lies where --out is replaced"),
    ],
)
def test_a_place_that_does_not_do_is_refused(bench: Bench, options: tuple[str, ...], complaint: str) -> None:
    data = _conll(bench.folder / "words.conll")
    common = ("--data", data, "--base-folder", bench.base, *TINY)
    done = bench.run("train-tags", *common, "--out", "tagger", *options)
    assert done.status == 2
    assert complaint in done.prose
    assert bench.files() == {"words.conll", "base"}
