"""`monitor entities` as a person types it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from monitor.cli.app import app
from monitor.settings import load_settings
from monitor.store import entities
from monitor.store.database import Database
from tests.store.builders import mention, scored


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("MONITOR_CLASSIFY__THREADS", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _filled() -> None:
    named = {"~quillon": "Quillon", "~quillon-bank": "Quillon Bank", "~harland-wolff": "Harland Wolff"} | {
        "~harland-wolff-energy": "Harland Wolff Energy",
        "~google-llc": "Google",
    }
    _write(named)


def _write(named: dict[str, str]) -> None:
    items = [
        msgspec.structs.replace(
            scored(number),
            mentions=(msgspec.structs.replace(mention(name), entity=entity, relevance=60),),
        )
        for number, (entity, name) in enumerate(named.items())
    ]
    with Database.open(load_settings().store_url) as database, database.write() as connection:
        entities.write_mentions(connection, items)


def monitor(*arguments: str, status: int = 0, given: str | None = None) -> Result:
    done = CliRunner().invoke(app, ["entities", *arguments], input=given)
    assert done.exit_code == status, done.output + repr(done.exception)
    return done


def told(*arguments: str) -> Any:
    return json.loads(monitor(*arguments, "--json").stdout.splitlines()[-1])


def test_a_text_is_matched_with_its_reasons() -> None:
    found = told("match", "Target cuts its profit forecast", "--refused")
    (match,) = found["matches"]
    assert (match["entity"], match["verdict"]) == ("target", "accepted")
    assert "before cuts its" in {reason["reason"] for reason in match["reasons"]}
    shown = monitor("match", "Rain in Leeds").stdout
    assert "names no known company" in shown


def test_texts_come_from_a_file_or_a_pipe() -> None:
    Path("texts.txt").write_text("Boeing sues\u2028at last\n\nAirbus wins\n", encoding="utf-8")
    lines = monitor("match", "--file", "texts.txt", "--json").stdout.splitlines()
    assert [json.loads(line)["matches"][0]["entity"] for line in lines] == ["boeing", "airbus"]
    piped = monitor("match", "--file", "-", given="Tesla recalls cars\n").stdout
    assert "tesla" in piped
    assert "There is no text" in monitor("match", status=2).stderr


def test_what_is_open_is_asked_of_the_model() -> None:
    found = told("match", "Pearson, a teacher from Leeds, lost her savings", "--refused")
    (match,) = found["matches"]
    assert match["verdict"] == "refused"
    assert any("nearer" in reason["reason"] for reason in match["reasons"])


def test_ones_own_companies_are_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("own.csv").write_text("name,aliases\nGretel Baking plc,Gretel's\n")
    monkeypatch.setenv("MONITOR_CLASSIFY__COMPANIES_FILE", "own.csv")
    assert [match["entity"] for match in told("match", "Gretel Baking collapses")["matches"]] == ["gretel-baking"]


@pytest.mark.usefixtures("_filled")
def test_unknown_entities_are_listed_merged_and_confirmed() -> None:
    assert [entity["id"] for entity in told("list", "--text", "quillon")["entities"]] == ["~quillon", "~quillon-bank"]
    done = told("merge", "quillon-bank", "quillon", "--why", "one bank", "--by", "ann")
    assert done == {"merged": [{"entity": "~quillon-bank", "into": "~quillon"}]}
    (merged,) = told("list", "--status", "merged")["entities"]
    assert (merged["id"], merged["merged_into"], merged["why"]) == ("~quillon-bank", "~quillon", "one bank")
    assert told("confirm", "~quillon-bank") == {"confirmed": "~quillon-bank"}
    assert told("list", "--status", "merged")["entities"] == []


@pytest.mark.usefixtures("_filled")
def test_what_a_merge_does_for_good_is_said_and_what_confirm_does_not_bring_back() -> None:
    done = " ".join(monitor("merge", "quillon-bank", "quillon").stderr.split())
    assert "for good" in done
    assert "undo" not in done
    assert "what was counted" in " ".join(monitor("confirm", "~quillon-bank").stderr.split())
    assert "counted" not in monitor("confirm", "~quillon-bank").stderr, "it was of its own already"
    for command in ("merge", "confirm"):
        assert "for good" in " ".join(re.sub("[\u2500-\u257f]", " ", monitor(command, "--help").stdout).split())


@pytest.mark.usefixtures("_filled")
def test_names_from_outside_are_shown_as_they_are_written_without_control_characters() -> None:
    _write({"~esc": "Bank \x1b[31m[/red]\nof \u202eYork"})
    shown = monitor("list", "--text", "york").stdout
    assert "(Bank [31m[/red] of York)" in shown
    assert "\x1b" not in shown


@pytest.mark.usefixtures("_filled")
def test_what_follows_from_the_names_is_merged_at_once_and_the_rest_is_proposed() -> None:
    shown = monitor("merge").stdout
    assert "alike    ~quillon-bank → ~quillon" in shown
    done = told("merge", "--auto")
    assert {(one["entity"], one["into"]) for one in done["merged"]} == {
        ("~harland-wolff-energy", "~harland-wolff"),
        ("~google-llc", "alphabet"),
    }
    assert [one["entity"] for one in done["proposed"]] == ["~quillon-bank"]
    assert told("merge", "--auto")["merged"] == []


@pytest.mark.usefixtures("_filled")
def test_a_watchlist_holds_listed_and_unknown_entities() -> None:
    assert told("watch", "boeing", "quillon", "--person", "ann")["entities"] == ["boeing", "~quillon"]
    assert told("watch", "boeing", "--remove", "--person", "ann")["entities"] == ["~quillon"]
    assert told("watch", "--person", "bob")["entities"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("merge", "~nobody", "boeing"), "There is no entity '~nobody'"),
        (("merge", "boeing"), "cannot be merged alone"),
        (("confirm", "boeing"), "There is no entity 'boeing' in the store"),
        (("watch", "nobody"), "There is no entity 'nobody'"),
        (("list", "--status", "odd"), "There is no status 'odd'"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], said: str) -> None:
    assert said in " ".join(monitor(*arguments, status=2).stderr.split())


def test_the_list_of_companies_can_be_searched() -> None:
    found = told("list", "--listed", "--text", "boeing")["entities"]
    assert [entity["id"] for entity in found] == ["boeing"]
