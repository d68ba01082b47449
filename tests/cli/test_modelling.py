"""`monitor models` and `monitor labels` as a person types them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from monitor.classify.labels import Labels
from monitor.classify.manifest import load_manifest
from monitor.cli import output
from monitor.cli.app import app
from tests.learning.folders import model_folder


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small terminal, in which ids must be whole nevertheless."""
    monkeypatch.setattr(output.results, "_width", 80)  # to set `width` would leave it set


def monitor(place: Path, *arguments: str, status: int = 0) -> Result:
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("MONITOR_")}
    with chdir(place):
        done = CliRunner().invoke(app, arguments, env=environment | {"MONITOR_DATA_DIR": str(place / "var")})
    assert done.exit_code == status, done.output + repr(done.exception)
    return done


def told(place: Path, *arguments: str) -> Any:
    return json.loads(monitor(place, *arguments, "--json").stdout.splitlines()[-1])


def added(place: Path, name: str, **changes: Any) -> str:
    folder = model_folder(place / name, name, **changes)
    version: str = told(place, "models", "add", str(folder))["id"]
    assert version == load_manifest(folder, Labels()).model_version
    return version


def test_a_model_is_added_promoted_shown_and_rolled_back(tmp_path: Path) -> None:
    assert "None" not in monitor(tmp_path, "models", "list").stdout
    one = added(tmp_path, "one")
    two = added(tmp_path, "two", metrics={"held out": {"n": 100, "accuracy": 0.9, "macro_f1": 0.8}}, recipe={"seed": 8})
    assert monitor(tmp_path, "models", "promote", one, "--why", "The [first] one.").stdout == ""
    assert told(tmp_path, "models", "promote", two) == {"grade": "small", "champion": two, "before": one}
    assert "already" in monitor(tmp_path, "models", "promote", two).stderr

    listed = told(tmp_path, "models", "list", "--grade", "small")["versions"]
    assert {row["id"]: row["aliases"] for row in listed} == {one: [], two: ["champion"]}
    table = monitor(tmp_path, "models", "list").stdout
    assert one in table
    assert "champion" in table
    assert told(tmp_path, "models", "list", "--grade", "large") == {"versions": []}

    shown = told(tmp_path, "models", "show", "champion", "--grade", "small")
    assert shown["id"] == two
    assert shown["manifest"]["recipe"] == {"seed": 8}
    assert [change["kind"] for change in shown["history"]] == ["promoted"]
    for_people = monitor(tmp_path, "models", "show", one[:-2]).stdout
    assert "The [first] one." in for_people
    assert "accuracy 0.8750" in for_people

    back = told(tmp_path, "models", "rollback", "--grade", "small", "--why", "Worse.")
    assert back == {"grade": "small", "champion": one, "before": two}
    refused = monitor(tmp_path, "models", "rollback", "--grade", "small", status=2)
    assert "its first champion" in refused.stderr


def test_who_promotes_learns_which_added_topics_serve_no_more(tmp_path: Path) -> None:
    names = Labels().topics
    one, both, plain = (
        added(tmp_path, name, topics=(*names, *more), added_topics=len(more))
        for name, more in (("one", ("Ports",)), ("both", ("Ports", "Rails")), ("plain", ()))
    )
    assert "lacks" not in monitor(tmp_path, "models", "promote", one).stderr
    assert "lacks" not in monitor(tmp_path, "models", "promote", both).stderr
    said = " ".join(monitor(tmp_path, "models", "promote", one).stderr.split())
    assert f"it lacks the added topics Rails of {both}" in said
    monitor(tmp_path, "models", "promote", both)
    said = " ".join(monitor(tmp_path, "models", "promote", plain).stderr.split())
    assert f"it lacks the added topics Ports, Rails of {both}" in said


def test_old_models_are_pruned_but_never_what_serves(tmp_path: Path) -> None:
    one, two, three, four = (added(tmp_path, name) for name in ("one", "two", "three", "four"))
    monitor(tmp_path, "models", "promote", one)
    assert told(tmp_path, "models", "prune", "--keep", "1", "--dry-run") == {"removed": [three, two], "dry_run": True}
    assert len(told(tmp_path, "models", "list")["versions"]) == 4
    done = monitor(tmp_path, "models", "prune", "--keep", "1")
    assert done.stdout.split() == [three, two]
    assert "2 removed." in done.stderr
    assert [row["id"] for row in told(tmp_path, "models", "list")["versions"]] == [four, one]
    monitor(tmp_path, "models", "prune", "--keep", "0", status=2)


def test_two_models_are_put_side_by_side(tmp_path: Path) -> None:
    one = added(tmp_path, "one")
    two = added(
        tmp_path,
        "two",
        metrics={"held out": {"n": 100, "accuracy": 0.9, "per_class": {"neutral": {"f1": 0.5}}}},
        recipe={"epochs": 3, "seed": 8, "adapter": "lora"},
        base_model="small [v2]",
    )
    difference = told(tmp_path, "models", "diff", one, two)
    by_name = {figure["name"]: figure for figure in difference["metrics"]}
    assert by_name["accuracy"]["difference"] == pytest.approx(0.025)
    assert by_name["macro_f1"]["b"] is by_name["macro_f1"]["difference"] is None
    assert by_name["per_class.neutral.f1"] == {
        "set": "held out",
        "name": "per_class.neutral.f1",
        "a": None,
        "b": 0.5,
        "difference": None,
    }
    assert difference["recipe"] == {"seed": {"a": 7, "b": 8}, "adapter": {"a": None, "b": "lora"}}
    assert difference["papers"] == {"base_model": {"a": "tiny", "b": "small [v2]"}}
    assert difference["data"]["a"] != difference["data"]["b"]
    assert difference["only_a"] == difference["only_b"] == {}
    for_people = monitor(tmp_path, "models", "diff", one, two).stdout
    assert "+0.0250" in for_people
    assert "small [v2]" in for_people
    assert "different data" in for_people


def test_what_cannot_be_done_with_models_is_explained(tmp_path: Path) -> None:
    assert "has no champion" in monitor(tmp_path, "models", "show", "champion", status=2).stderr
    assert "none yet" in monitor(tmp_path, "models", "promote", "fast-000000000000", status=2).stderr
    assert "never had a champion" in monitor(tmp_path, "models", "rollback", status=2).stderr
    assert "cannot be read" in monitor(tmp_path, "models", "add", "nowhere", status=78).stderr
    one = added(tmp_path, "one")
    assert one in monitor(tmp_path, "models", "diff", one, "small-x", status=2).stderr


def test_a_registry_elsewhere_is_named_by_the_settings(tmp_path: Path) -> None:
    (tmp_path / "monitor.toml").write_text('[learning]\nregistry_url = "shared/models"\n')
    one = added(tmp_path, "one")
    assert (tmp_path / "shared" / "models" / one / "manifest.json").is_file()
    (tmp_path / "monitor.toml").write_text('[learning]\nregistry_url = "nosuch://models"\n')
    assert "learning.registry_url" in monitor(tmp_path, "models", "list", status=78).stderr


def test_labels_are_imported_counted_and_exported_so_that_they_can_be_imported_again(tmp_path: Path) -> None:
    (tmp_path / "mood.csv").write_text("said,what\n0,Oil falls\n2,Oil rises\n2,OIL RISES!\n1,***\n")
    wanted = ("--text-column", "what", "--label-column", "said", "--task", "sentiment")
    named = ("--labels", "0=negative,1=neutral,2=positive", "--author", "ann")
    report = told(tmp_path, "labels", "import", "mood.csv", *wanted, *named)
    assert report == {
        "rows": 4,
        "added": 2,
        "corrected": 0,
        "unchanged": 1,
        "unreadable": 1,
        "entities_not_found": 0,
    }
    (tmp_path / "ben.jsonl").write_text('{"text": "Oil falls", "label": "neutral"}\n')
    plain = ("--text-column", "text", "--label-column", "label")
    assert "1 labels added" in monitor(tmp_path, "labels", "import", "ben.jsonl", *plain, *wanted[4:]).stderr
    (tmp_path / "toward.jsonl").write_text(
        '{"text": "Shell sues BP", "label": "negative", "entity": "BP"}\n'
        '{"text": "Shell sues BP", "label": "neutral", "entity": "Total"}\n'
    )
    toward = (*plain, "--task", "entity", "--entity-column", "entity")
    assert told(tmp_path, "labels", "import", "toward.jsonl", *toward)["entities_not_found"] == 1

    statistics = told(tmp_path, "labels", "stats")
    assert (statistics["labels"], statistics["texts"]) == (5, 3)
    assert statistics["tasks"]["sentiment"] == {
        "total": 3,
        "by_label": {"negative": 1, "neutral": 1, "positive": 1},
        "by_author": {"ann": 2, "ben.jsonl": 1},
        "asked": 0,
        "differing": 0,
        "conflicts": 1,
    }
    for_people = monitor(tmp_path, "labels", "stats").stdout
    assert "Authors differ on 1" in for_people
    assert "ben.jsonl: neutral: Oil falls" in for_people

    assert told(tmp_path, "labels", "export", "all.csv")["labels"] == 5
    assert told(tmp_path, "labels", "export", "out/toward.jsonl", "--task", "entity")["labels"] == 2
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["author"] for row in rows} == {"ann", "ben.jsonl", "toward.jsonl"}
    again = told(tmp_path, "labels", "import", "out/toward.jsonl", *toward, "--author", "toward.jsonl")
    assert (again["added"], again["corrected"], again["unchanged"]) == (0, 0, 2)
    whole = told(tmp_path, "labels", "import", "all.csv")
    assert (whole["added"], whole["corrected"], whole["unchanged"], whole["entities_not_found"]) == (0, 0, 5, 1)
    assert told(tmp_path, "labels", "stats") == statistics


def test_new_topics_are_taken_only_where_they_are_announced(tmp_path: Path) -> None:
    (tmp_path / "weather.csv").write_text("text,label\nA storm nears,Weather\n")
    wanted = ("weather.csv", "--text-column", "text", "--label-column", "label", "--task", "topic")
    assert "row 1" in monitor(tmp_path, "labels", "import", *wanted, status=2).stderr
    assert told(tmp_path, "labels", "stats")["labels"] == 0
    assert told(tmp_path, "labels", "import", *wanted, "--new-topics", "Weather, Sport")["added"] == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("import", "no.csv", "--text-column", "t", "--label-column", "l", "--task", "mood"), "--task is 'mood'"),
        (("import", "no.csv", "--text-column", "t", "--label-column", "l", "--task", "topic"), "no such file"),
        (("import", "no.csv", "--text-column", "t", "--label-column", "l", "--task", "entity"), "needs an entity"),
        (("import", "a.csv", "--text-column", "t", "--label-column", "x", "--task", "topic"), "no column 'x'"),
        (
            (
                "import",
                "a.csv",
                "--text-column",
                "t",
                "--label-column",
                "l",
                "--task",
                "entity",
                "--entity-column",
                "e",
            ),
            "row 1: the entity is empty",
        ),
        (("import", "a.csv"), "holds no labels as an export writes them"),
        (("export", "labels.xlsx"), "not exported to '.xlsx'"),
        (("export", "a.csv/labels.csv"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_with_labels_is_explained(tmp_path: Path, arguments: tuple[str, ...], fault: str) -> None:
    (tmp_path / "a.csv").write_text("t,l,e\nOil falls,negative,\n")
    assert fault in " ".join(monitor(tmp_path, "labels", *arguments, status=2).stderr.split())


def test_the_last_line_of_a_process_is_one_json_object(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "models", "list", "--json"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert json.loads(done.stdout) == {"versions": []}, done.stderr
