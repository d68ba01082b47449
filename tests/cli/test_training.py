"""`monitor train` and `monitor export`: versions of a tiny base, and what is said of files that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monitor.classify.added_topics import AddedTopic
from monitor.classify.choosing import open_engine
from monitor.classify.labels import Labels
from monitor.classify.manifest import load_manifest
from monitor.learning.data.label_files import EXPORTED
from monitor.learning.network import bases
from pipelines.topics import build_version
from tests.cli.trained import ROWS, Bench, bench_in
from tests.learning.tiny import base_of, tiny_base

SENTIMENT = ("--task", "sentiment", "--label-column", "view")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture
def bench(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return bench_in(tmp_path, base, monkeypatch)


def test_three_tasks_are_learnt_from_one_file_and_the_version_judges_itself(bench: Bench) -> None:
    data = bench.csv("set.csv", ROWS)
    columns = ("--topic-column", "about", "--sentiment-column", "view")
    entity = ("--entity-column", "who", "--entity-sentiment-column", "view", "--all-entities")
    done = bench.train(data, *columns, *entity, "--epochs", "15", "--validation-share", "0.2")
    assert done.status == 0, done.prose
    manifest = load_manifest(bench.folder / "out", Labels())
    assert done.json["model_version"] == manifest.model_version
    assert len(done.results.splitlines()) == 1
    assert set(manifest.files) == {"model.xml", "model.bin", "tokenizer.json"}
    assert set(manifest.metrics) == {"validation topic", "validation sentiment", "validation entity"}
    assert done.json["training"] + done.json["validation"] == len(ROWS)
    assert manifest.model_version in (bench.folder / "out" / "MODEL_CARD.md").read_text()
    for task in ("topic", "sentiment", "entity"):
        picture = bench.folder / "out" / "report" / f"confusion_{task}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        page = (bench.folder / "out" / "report" / f"report_{task}.md").read_text()
        assert f"{manifest.metrics[f'validation {task}']['accuracy']:.4f}" in page
    assert bench.files() == {"set.csv", "out"}
    judged = bench.run(
        "evaluate", "--data", data, "--text-column", "text", "--label-column", "view", "--task", "sentiment",
        "--model", bench.folder / "out", "--json",
    )  # fmt: skip
    assert judged.json["n"] == len(ROWS)
    assert judged.json["accuracy"] > 0.8


def test_an_addition_is_kept_alone_goes_on_and_becomes_a_graph(bench: Bench) -> None:
    data = bench.csv("set.csv", ROWS)
    lora = (*SENTIMENT, "--method", "lora", "--set", "rank=4", "--epochs", "2")
    first = bench.train(data, *lora, "--validation-share", "0.3")
    assert first.status == 0, first.prose
    assert set(load_manifest(bench.folder / "out", Labels()).files) == {"weights.safetensors", "tokenizer.json"}
    (bench.folder / "out").rename(bench.folder / "first")
    second = bench.train(data, *lora, "--from", bench.folder / "first", "--register")
    assert second.json["parent"] == first.json["model_version"]
    assert second.json["registered"]
    done = bench.run(
        "export", bench.folder / "out", "--out", bench.folder / "graph", "--data", data,
        "--base-folder", bench.base, "--json",
    )  # fmt: skip
    assert done.status == 0, done.prose
    assert set(done.json["files"]) == {"model.xml", "model.bin", "tokenizer.json"}


@pytest.mark.slow
def test_training_goes_on_from_an_int8_graph_and_from_a_runs_exact_weights(bench: Bench) -> None:
    data = bench.csv("set.csv", ROWS)
    options = (*SENTIMENT, "--epochs", "4", "--run", bench.folder / "run")
    first = bench.train(data, *options)
    assert first.status == 0, first.prose
    (bench.folder / "out").rename(bench.folder / "first")
    for parent in (bench.folder / "first", bench.folder / "run" / "weights"):
        second = bench.train(data, *SENTIMENT, "--epochs", "1", "--from", parent)
        assert second.status == 0, second.prose
        assert second.json["parent"]


def test_a_run_that_was_kept_is_not_overwritten(bench: Bench) -> None:
    data = bench.csv("set.csv", ROWS)
    (bench.folder / "run" / "epoch-0001").mkdir(parents=True)
    done = bench.train(data, *SENTIMENT, "--epochs", "1", "--run", bench.folder / "run")
    assert done.status != 0
    assert "--resume" in done.prose
    assert "out" not in bench.files()


def test_the_newest_part_validates_by_time(bench: Bench) -> None:
    data = bench.csv("set.csv", ROWS)
    done = bench.train(data, *SENTIMENT, "--epochs", "1", "--split", "time", "--time-column", "day")
    assert done.status == 0, done.prose
    assert done.json["validation"] == 4


def test_training_texts_that_repeat_a_validation_text_are_dropped_and_that_is_said(bench: Bench) -> None:
    data = bench.csv("set.csv", [*ROWS, *ROWS[:3]])
    held_out = bench.csv("held.csv", [row | {"text": row["text"].upper() + "!"} for row in ROWS[::6]])
    done = bench.train(data, *SENTIMENT, "--epochs", "1", "--validation", held_out)
    assert done.status == 0, done.prose
    assert done.json["dropped"] == len(ROWS[::6])
    assert f"{len(ROWS[::6])} training texts are dropped" in done.prose


def test_conflicting_labels_are_settled_by_majority_and_counted(bench: Bench) -> None:
    twice = [ROWS[0] | {"view": "positive"}] * 2
    done = bench.train(bench.csv("set.csv", [*ROWS, *twice]), *SENTIMENT, "--epochs", "1")
    assert done.status == 0, done.prose
    assert "1 texts bear several labels" in done.prose


def test_entities_that_a_text_does_not_name_are_left_out_and_counted(bench: Bench) -> None:
    task = ("--task", "entity", "--label-column", "view", "--entity-column", "who", "--epochs", "1")
    rows = [*ROWS, ROWS[0] | {"who": "Acme"}]
    done = bench.train(bench.csv("set.csv", rows), *task)
    assert done.status == 0, done.prose
    assert f"1 of {len(rows)} entities are left out" in done.prose
    none = bench.train(bench.csv("none.csv", [row | {"who": "Acme"} for row in ROWS]), *task)
    assert none.status == 2
    assert "no text names its entity" in none.prose


def _written(content: bytes, name: str = "bad.csv") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _parquet(folder: Path) -> Path:
    pd.DataFrame({"text": [1, 2, 3], "view": ["negative"] * 3}).to_parquet(folder / "bad.parquet")
    return folder / "bad.parquet"


def _long_line(folder: Path) -> Path:
    with (folder / "bad.jsonl").open("wb") as file:
        file.write(b'{"text": "')
        for _ in range(100):
            file.write(b"a" * 1_000_000)
        file.write(b'", "view": "negative"}\n')
    return folder / "bad.jsonl"


_HEAD = b"text,view\n"
_MANY = b"".join(b"oil number %d falls,negative\n" % number for number in range(20))
BAD_FILES = {
    "missing column": (_written(b"words,view\noil,negative\n"), "no column 'text'", "Name one of: 'words', 'view'"),
    "unknown label": (_written(_HEAD + b"a,negative\nb,up\n"), "row 2, column 'view': label 'up'", "raw=name"),
    "one class only": (_written(_HEAD + _MANY), "only the label 'negative'", "at least two labels"),
    "empty text": (_written(_HEAD + b"oil falls,negative\n  ,neutral\n"), "row 2: the text is empty", "Fill it in"),
    "no label": (_written(_HEAD + b"oil falls,\n"), "row 1: there is no label", "Fill it in"),
    "UTF-16": (_written((_HEAD + _MANY).decode().encode("utf-16")), "UTF-16", "Save the file as UTF-8"),
    "UTF-16 unmarked": (_written((_HEAD + _MANY).decode().encode("utf-16-le")), "UTF-16", "Save the file as UTF-8"),
    "Latin-1": (_written(_HEAD + b"profit \xe9lev\xe9,neutral\n"), "row 1: it is not UTF-8", "Save the file as UTF-8"),
    "100 MB in a line": (_long_line, "row 1: the line is longer than 4,000,000 bytes", "one row a line"),
    "not JSON": (_written(b"{oops\n", "bad.jsonl"), "row 1: it is not a JSON object", "one JSON object a line"),
    "ragged": (_written(_HEAD + b"oil falls,negative,x\n"), "row 1: it has 3 columns where the header has 2", "Mend"),
    "too few": (_written(_HEAD + b"oil falls,negative\n"), "too few examples to split", "--validation"),
    "empty file": (_written(b""), "it is empty", "Give a file with a header"),
    "header alone": (_written(_HEAD), "no rows", "at least one row"),
    "empty JSON lines": (_written(b"", "bad.jsonl"), "no rows", "at least one row"),
    "Parquet of numbers": (_parquet, "row 1: the text is no text but of type int", "Name another text column"),
    "no Parquet": (_written(b"nothing", "bad.parquet"), "not a whole parquet file", "anew"),
    "unknown format": (_written(b"x", "bad.xlsx"), "unknown format '.xlsx'", ".csv, .jsonl or .parquet"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD_FILES)
def test_a_bad_file_is_refused_with_file_row_and_remedy_and_nothing_is_written(bench: Bench, fault: str) -> None:
    write, complaint, remedy = BAD_FILES[fault]
    path = write(bench.folder)
    done = bench.train(path, *SENTIMENT)
    assert done.status == 2
    assert complaint in done.prose
    assert remedy in done.prose
    assert fault in ("one class only", "too few") or str(path) in done.prose.replace(" ", "")
    assert bench.files() == {path.name}
    assert done.results == ""


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--set", "rnak=3"), "no setting 'rnak'"),
        (("--set", "rank"), "'rank' is not name=value"),
        (("--method", "magic"), "does not fit"),
        (("--labels", "0=bearish"), "no sentiment label 'bearish'"),
        (("--split", "time", "--time-column", "who"), "'oil' is no time"),
        (("--base", "huge"), "no base model 'huge'"),
        (("--from", "fast-000000000000"), "no model version"),
        (("--seed", "-1"), "a setting of the recipe does not fit"),
        (("--seed", str(2**70)), "a setting of the recipe does not fit"),
        (("--threads", "-1"), "Invalid value for '--threads'"),
        (("--set", "sentiment_weight=-1"), "a setting of the recipe does not fit"),
        (("--precision", "fp16"), "fp16 needs a GPU"),
        (("--resume",), "--resume needs the folder"),
        (("--resume", "--run", "typo"), "keeps no run to go on with"),
        (("--run", "out/run"), "lies where --out is replaced"),
        (("--out", "set.csv/out"), "is no folder"),
    ],
)
def test_a_bad_option_is_refused_and_nothing_is_written(bench: Bench, options: tuple[str, ...], complaint: str) -> None:
    path = bench.csv("set.csv", ROWS)
    done = bench.train(path, *SENTIMENT, *options)
    assert done.status not in (0, 1)
    assert complaint in done.prose
    assert bench.files() <= {"set.csv", "state"}


def test_a_column_of_groups_keeps_them_together_however_it_is_split(bench: Bench) -> None:
    """Two validate by file and three by time; theirs are the groups of every sixth text."""
    rows = [row | {"desk": f"desk {place % 6}"} for place, row in enumerate(ROWS)]
    known, held_out = bench.csv("set.csv", rows[:-2]), bench.csv("held.csv", rows[-2:])
    options = (*SENTIMENT, "--group-column", "desk", "--epochs", "1")
    done = bench.train(known, *options, "--validation", held_out)
    assert done.status == 0, done.prose
    assert (done.json["training"], done.json["dropped"]) == (24, 10)
    alone = [row | {"desk": row["desk"] if place < 33 else "alone"} for place, row in enumerate(rows)]
    done = bench.train(bench.csv("days.csv", [*alone[:34], *rows[34:]]), *options, "--split", "time", "--time-column",
                       "day")  # fmt: skip
    assert done.status == 0, done.prose
    assert (done.json["validation"], done.json["dropped"]) == (1, 3)


def test_mentions_beyond_what_is_read_are_counted_and_some_are_needed(bench: Bench) -> None:
    task = ("--task", "entity", "--label-column", "view", "--entity-column", "who", "--epochs", "1",
            "--validation-share", "0.3", "--set", "max_tokens=16")  # fmt: skip
    late = [row | {"text": "waits " * 30 + row["text"] + f" euro {'gold ' * place}"} for place, row in enumerate(ROWS)]
    done = bench.train(bench.csv("late.csv", late), *task)
    assert done.status == 2
    assert "stand beyond the first 16 tokens" in done.prose
    assert bench.files() == {"late.csv"}
    done = bench.train(bench.csv("some.csv", [*late[:6], *ROWS[6:]]), *task)
    assert done.status == 0, done.prose
    assert "sentiments toward mentions cannot be learnt" in done.prose


def test_a_parent_of_another_base_is_named_with_the_option_to_use(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bench.csv("set.csv", ROWS)
    assert bench.train(data, *SENTIMENT, "--epochs", "1", "--method", "lora").status == 0
    (bench.folder / "out").rename(bench.folder / "first")
    other = tiny_base(tmp_path_factory.mktemp("other") / "tiny", "mpnet")
    monkeypatch.setitem(bases.BASES, "other", base_of(other, "other"))
    done = bench.train(data, *SENTIMENT, "--from", "first", "--base", "other", "--base-folder", other)
    assert done.status != 0
    assert "Use --base tiny." in done.prose


@pytest.mark.parametrize("method", ["prefix", "bottleneck"])
def test_what_could_never_be_trained_on_again_is_not_begun(bench: Bench, method: str) -> None:
    data = bench.csv("set.csv", ROWS)
    assert bench.train(data, *SENTIMENT, "--epochs", "1").status == 0
    (bench.folder / "out").rename(bench.folder / "graph")
    done = bench.train(data, *SENTIMENT, "--epochs", "1", "--from", "graph", "--method", method)
    assert done.status != 0
    assert f"over its trained weights a {method} could never be trained on again" in done.prose
    assert bench.files() == {"set.csv", "graph"}
    first = bench.train(data, *SENTIMENT, "--epochs", "1", "--method", method, "--set", "rank=4")
    assert first.status == 0, first.prose
    (bench.folder / "out").rename(bench.folder / "addition")
    done = bench.run("export", "addition", "--out", "again", "--format", "weights", "--base-folder", bench.base)
    assert done.status == 2
    assert "Use the folder as it is, or write a graph" in done.prose
    other = (*SENTIMENT, "--epochs", "1", "--from", "addition", "--method", method, "--set", "alpha=8")
    assert bench.train(data, *other, "--set", "rank=4").status == 0  # it has no scale


def _with_topic(bench: Bench, name: str) -> Path:
    """The version in `out` with a topic whose answers depend on the text."""
    out, parent = bench.folder / "out", bench.folder / name
    manifest = load_manifest(out, Labels())
    read = open_engine(out, base_folder=bench.base).classify([row["text"] for row in ROWS]).embeddings
    toward = (read[0] - read.mean(axis=0)).astype(np.float64)
    toward *= 4.0 / np.ptp(read @ toward)
    topic = AddedTopic(
        name="Spills", description="", origin="examples", examples=8, direction=tuple(map(float, toward)),
        bias=-float(read.mean(axis=0) @ toward),
    )  # fmt: skip
    build_version(out, parent, manifest, [topic])
    shutil.rmtree(out)
    return parent


@pytest.mark.parametrize(("method", "form"), [("lora", "openvino"), ("lora", "weights"), ("full", "weights")])
def test_added_topics_go_with_an_export_and_answer_as_they_did(bench: Bench, method: str, form: str) -> None:
    data = bench.csv("set.csv", ROWS)
    done = bench.train(data, *SENTIMENT, "--epochs", "2", "--method", method)
    assert done.status == 0, done.prose
    parent = _with_topic(bench, "parent")
    exported = bench.folder / "exported"
    done = bench.run(
        "export", parent, "--out", exported, "--format", form, "--data", data, "--base-folder", bench.base
    )  # fmt: skip
    assert done.status == 0, done.prose
    texts = [row["text"] for row in ROWS]
    one, two = (open_engine(folder, base_folder=bench.base) for folder in (parent, exported))
    assert two.labels.added == one.labels.added == ("Spills",)
    before, after = (engine.classify(texts).topic_probabilities[:, -1] for engine in (one, two))
    assert np.ptp(before) > 0.3
    assert np.abs(before - after).max() < 0.1


def test_a_folder_that_is_no_model_is_not_replaced(bench: Bench) -> None:
    (bench.folder / "out").mkdir()
    (bench.folder / "out" / "thesis.txt").touch()
    done = bench.train(bench.csv("set.csv", ROWS), *SENTIMENT)
    assert done.status == 2
    assert "no model's folder" in done.prose
    assert [path.name for path in (bench.folder / "out").iterdir()] == ["thesis.txt"]


def test_a_run_that_fails_while_it_trains_leaves_the_old_version_as_it_was(bench: Bench) -> None:
    data = bench.csv("set.csv", ROWS)
    assert bench.train(data, *SENTIMENT, "--epochs", "1").status == 0
    before = (bench.folder / "out" / "manifest.json").read_bytes()
    done = bench.train(data, *SENTIMENT, "--set", "learning_rate=1e30", "--epochs", "3")
    assert done.status != 0
    assert (bench.folder / "out" / "manifest.json").read_bytes() == before
    last = ("--set", "learning_rate=1e30", "--set", "warmup_share=0", "--epochs", "1", "--batch-size", "64")
    done = bench.train(data, *SENTIMENT, *last)
    assert done.status != 0
    assert "no longer" in done.prose
    assert (bench.folder / "out" / "manifest.json").read_bytes() == before
    assert bench.files() == {"set.csv", "out"}
    assert json.loads(before)["grade"] == "own"


def test_a_version_that_was_trained_on_an_export_names_the_newest_of_its_labels(bench: Bench) -> None:
    rows = [
        dict.fromkeys(EXPORTED, "")
        | {"text": row["text"], "task": "sentiment", "label": row["view"], "source": "analyst", "author": "ann"}
        | {"created_at": f"{row['day']}T12:00:00Z"}
        for row in ROWS
    ]
    export = bench.csv("all.csv", rows)
    kept = ("--run", bench.folder / "run")
    done = bench.train(export, "--task", "sentiment", "--label-column", "label", "--epochs", "1", *kept)
    assert done.status == 0, done.prose
    assert done.json["training"] + done.json["validation"] < len(ROWS)
    newest = datetime.fromisoformat(f"{max(row['day'] for row in ROWS)}T12:00+00:00")
    for folder in ("out", "run/weights"):
        assert load_manifest(bench.folder / folder, Labels()).labels_until == newest
    other = bench.csv("set.csv", ROWS)
    done = bench.train(other, *SENTIMENT, "--epochs", "1", "--from", bench.folder / "out")  # in its parent's place
    assert done.status == 0, done.prose
    assert done.json["parent"]
    assert load_manifest(bench.folder / "out", Labels()).labels_until == newest
