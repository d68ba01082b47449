"""`monitor evaluate` and `monitor classify`: judged on anyone's file, without the training libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from tests.cli.trained import ROWS, Bench, bench_in
from tests.learning.tiny import tiny_base

LABELS = "0=negative,1=neutral,2=positive"
WITHOUT_TORCH = """
import sys
from typer.testing import CliRunner
from monitor.cli.app import app
done = CliRunner().invoke(app, sys.argv[1:])
assert done.exit_code == 0, (done.stderr, done.exception)
print([name for name in ("torch", "transformers", "nncf", "peft") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version that knows the sentiment of a text and of what it names, and cuts after 128 tokens."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as monkeypatch:
        bench = bench_in(folder, tiny_base(folder / "base"), monkeypatch)
        options = ("--sentiment-column", "view", "--entity-column", "who", "--entity-sentiment-column", "view")
        done = bench.train(bench.csv("set.csv", ROWS), *options, "--all-entities", "--epochs", "20")
        assert done.status == 0, done.prose
    return folder / "out"


@pytest.fixture
def bench(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return bench_in(tmp_path, model.parent / "base", monkeypatch)


def _entities(bench: Bench, model: Path, rows: list[dict[str, str]]) -> dict[str, float]:
    done = bench.run(
        "evaluate", "--data", bench.csv("set.csv", rows), "--text-column", "title", "--entity-column", "company",
        "--label-column", "label", "--task", "entity", "--labels", LABELS, "--model", model, "--json",
    )  # fmt: skip
    assert done.status == 0, done.prose
    figures: dict[str, float] = done.json
    return figures


def test_the_sentiment_toward_each_entity_is_judged(bench: Bench, model: Path) -> None:
    rows = [
        {"title": "Oil falls", "company": "OIL", "label": "0"},
        {"title": "gold rises, gold wins", "company": "gold", "label": "2"},
        {"title": "euro waits", "company": "Euro", "label": "1"},
    ]
    figures = _entities(bench, model, rows)
    assert figures["n"] == 3
    assert figures["accuracy"] == 1.0
    assert figures["not_located"] == 0
    assert {"macro_f1", "weighted_f1", "ece", "per_class"} <= figures.keys()


def test_an_entity_that_is_not_read_is_counted_and_judged_by_the_text(bench: Bench, model: Path) -> None:
    rows = [
        {"title": "oil falls", "company": "Acme", "label": "0"},
        {"title": "oil falls " * 90 + "gold rises", "company": "gold", "label": "0"},
        {"title": "oil falls", "company": "oil", "label": "0"},
    ]
    figures = _entities(bench, model, rows)
    assert figures["not_located"] == 2
    assert figures["accuracy"] == 1.0


def test_an_entity_is_not_found_inside_another_word(bench: Bench, model: Path) -> None:
    assert _entities(bench, model, [{"title": "oil falls 5 bps", "company": "BP", "label": "0"}])["not_located"] == 1


def test_each_line_of_classify_has_mentions_and_on_demand_an_embedding(bench: Bench, model: Path) -> None:
    data = bench.csv("set.csv", [{"title": "Oil falls"}, {"title": "euro waits"}])
    done = bench.run("classify", data, "--model", model, "--embeddings")
    assert done.status == 0, done.prose
    lines = [json.loads(line) for line in done.results.splitlines()]
    assert [line["sentiment"] for line in lines] == ["negative", "neutral"]
    (mention,) = lines[0]["mentions"]
    assert (mention["start"], mention["end"], mention["text"], mention["sentiment"]) == (0, 3, "Oil", "negative")
    assert mention["negative"] + mention["neutral"] + mention["positive"] == pytest.approx(1.0, abs=1e-4)
    assert 0.0 < mention["confidence"] <= 1.0
    assert sum(number**2 for number in lines[0]["embedding"]) == pytest.approx(1.0, abs=1e-3)
    assert "embedding" not in bench.run("classify", data, "--model", model).results


def test_a_line_of_standard_input_is_read_as_the_same_text_of_a_file(bench: Bench, model: Path) -> None:
    texts = ["<b>Oil</b>&nbsp;falls  https://example.com/gold-rises", "euro waits", "gold &amp; oil rise\u2028at last"]
    of_file = bench.run("classify", bench.csv("set.csv", [{"title": text} for text in texts]), "--model", model)
    typed = bench.run("classify", "-", "--model", model, typed="".join(f"{text}\n" for text in texts))
    assert typed.status == 0, typed.prose
    assert typed.results == of_file.results
    assert [json.loads(line)["mentions"][0]["text"] for line in typed.results.splitlines()[:2]] == ["Oil", "euro"]


def test_judging_a_graph_needs_no_training_library(bench: Bench, model: Path) -> None:
    data = bench.csv("set.csv", ROWS)
    arguments = ["evaluate", "--data", str(data), "--text-column", "text", "--label-column", "view"]
    arguments += ["--task", "sentiment", "--model", str(model), "--json"]
    command = [sys.executable, "-c", WITHOUT_TORCH, *arguments]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=root)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--task", "mood"), "--task is 'mood'"),
        (("--task", "entity"), "--entity-column belong together"),
        (("--task", "sentiment", "--entity-column", "who"), "--entity-column belong together"),
        (("--task", "sentiment", "--labels", "0=negative"), "row 1: label 'negative' is not in the label map"),
        (("--task", "entity", "--entity-column", "gone"), "no column 'gone'"),
        (("--task", "sentiment", "--model", "fast-000000000000"), "no model version"),
        (("--task", "sentiment", "--model", "."), "no manifest.json"),
    ],
)
def test_what_cannot_be_judged_is_said(bench: Bench, model: Path, options: tuple[str, ...], complaint: str) -> None:
    data = bench.csv("set.csv", ROWS)
    chosen = () if "--model" in options else ("--model", model)
    done = bench.run("evaluate", "--data", data, "--text-column", "text", "--label-column", "view", *options, *chosen)
    assert done.status not in (0, 1)
    assert complaint in done.prose


def test_a_grade_that_ships_goes_before_a_folder_that_is_called_so(bench: Bench, model: Path) -> None:
    data = bench.csv("set.csv", [{"title": "Oil falls"}])
    (bench.folder / "fast").mkdir()
    done = bench.run("classify", data, "--model", "fast")
    assert done.status == 0, done.prose
    shipped = done.json["model_version"]
    (bench.folder / "fast").rmdir()
    copytree(model, bench.folder / "fast")
    assert bench.run("classify", data, "--model", "fast").json["model_version"] == shipped
    assert bench.run("classify", data, "--model", "./fast").json["model_version"] != shipped


def test_classify_says_which_companies_a_text_names(bench: Bench, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.folder / "own.csv").write_text("id,name\nbrundle,Brundle Mills\n")
    monkeypatch.setenv("MONITOR_CLASSIFY__COMPANIES_FILE", str(bench.folder / "own.csv"))
    rows = [{"title": "Boeing falls", "text": "Brundle Mills too"}]
    of_file = bench.run("classify", bench.csv("set.csv", rows), "--body-column", "text", "--model", model)
    named = {mention["entity"]: mention["relevance"] for mention in of_file.json["mentions"] if mention["entity"]}
    assert named.keys() == {"boeing", "brundle"}
    assert named["boeing"] > named["brundle"] > 0
    typed = bench.run("classify", "-", "--model", model, typed="Boeing falls")
    assert [(mention["text"], mention["entity"]) for mention in typed.json["mentions"]] == [("Boeing", "boeing")]


def test_an_id_of_nought_is_an_id(bench: Bench, model: Path) -> None:
    (bench.folder / "set.jsonl").write_text('{"n": 0, "title": "Oil falls"}\n{"title": "Oil falls"}\n')
    done = bench.run("classify", bench.folder / "set.jsonl", "--id-column", "n", "--model", model)
    assert [json.loads(line)["id"] for line in done.results.splitlines()] == ["0", "2"]


def test_looking_for_a_model_makes_no_store(bench: Bench, model: Path) -> None:
    data = bench.csv("set.csv", [{"title": "Oil falls"}])
    bench.run("classify", data, "--model", model)
    assert bench.files() == {"set.csv"}
