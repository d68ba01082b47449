"""A backtest says what the line would have said, and compares rules."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.app import app
from monitor.errors import InputError
from monitor.settings import Settings, load_settings
from monitor.store.database import Database
from monitor.store.fingerprint import fingerprint
from monitor.surges.rules import SurgeRules
from pipelines.backtest import OWN_RULES, RuleSet, backtest, read_rules
from pipelines.event_pictures import draw_alerts
from pipelines.explaining import explain_surge
from pipelines.replaying import ReplayJob
from tests.pipelines.lines import COLUMNS, run_replay, write_scenario

RULES = SurgeRules(minimum_history_days=1, guard_minutes=1440)
"""Those of the scenario: it has five calm days."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("past") / "banks.jsonl"
    write_scenario(path)
    return path


def job(scenario: Path) -> ReplayJob:
    return ReplayJob(path=str(scenario), format="jsonl", columns=COLUMNS)


def seen_times(scenario: Path) -> list[datetime]:
    return [datetime.fromisoformat(found) for found in re.findall(r'"seen_at": "([^"]+)"', scenario.read_text("utf-8"))]


def settings(folder: Path) -> Settings:
    return load_settings(data_dir=folder, surges={"rules": RULES.model_dump()})


@pytest.mark.slow
def test_the_tables_are_those_of_a_replay_through_the_line(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "monitor.toml"
    config.write_text("[surges.rules]\nminimum_history_days = 1\nguard_minutes = 1440\n", encoding="utf-8")
    monkeypatch.setenv("MONITOR_CONFIG", str(config))
    _, expected = run_replay(scenario, tmp_path / "line")

    [(lines, outcome)] = backtest(
        load_settings(data_dir=tmp_path), job(scenario), [RuleSet(OWN_RULES, load_settings().surges.rules)], tmp_path
    )

    with Database.open(outcome.store) as database, database.read() as connection:
        found = fingerprint(connection)
    differing = {name for name, print_ in found.items() if print_ != expected[name]}
    assert differing == {"outbox"}, "nobody is told of a backtest; all else is the same, row for row"
    assert lines, "the run on banks must be seen"
    assert all(f"{line.opened:%Y-%m-%d}" == "2024-03-09" for line in lines)


def test_rules_are_compared_side_by_side_and_the_model_reads_once(scenario: Path, tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text("false_alerts_per_week = 1e-12\n", encoding="utf-8")
    sets = [RuleSet(OWN_RULES, RULES), read_rules(f"strict={strict}", RULES)]
    steps: list[int] = []

    def run() -> list[tuple[int, int, float, float]]:
        found = backtest(settings(tmp_path), job(scenario), sets, tmp_path / "out", lambda done, _: steps.append(done))
        return [(outcome.alerts, outcome.shared, outcome.weeks, outcome.alerts_per_week) for _, outcome in found]

    (own, shared, weeks, weekly), (fewer, among, _, _) = first = run()
    assert own == shared > fewer == among
    seen = seen_times(scenario)
    true = (max(seen) - min(seen)) / timedelta(weeks=1)
    assert weeks == pytest.approx(true, abs=0.01)
    assert weekly == pytest.approx(own / true, rel=0.001)
    read = len(steps)
    assert run() == first
    assert len(steps) == read > 0, "a second backtest of the same file takes the answers of the first"


def test_an_alert_is_explained_and_drawn_from_the_results_alone(scenario: Path, tmp_path: Path) -> None:
    [(lines, outcome)] = backtest(settings(tmp_path), job(scenario), [RuleSet(OWN_RULES, RULES)], tmp_path)
    line = lines[0]
    with Database.open(outcome.store) as database:
        explanation = explain_surge(database, str(line.surge), RULES)
        other = explain_surge(database, str(line.surge), SurgeRules(minimum_effect=0.3))
        with pytest.raises(InputError, match="no surge with the number '999999'"):
            explain_surge(database, "999999", RULES)
    assert explanation.surge.counts.negatives == line.k
    assert explanation.evidence.stories[0].title == line.top_headline != ""
    said = "\n".join(explanation.lines)
    assert f"{line.k} of {line.n} stories negative" in said
    assert "which opens an alert" in said
    assert explanation.same_rules
    assert not other.same_rules
    assert "others than those of the settings" in "\n".join(other.lines)
    pictures = draw_alerts(outcome.store, lines, tmp_path / "pictures")
    assert len(pictures) == len(lines)
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_the_command_prints_a_line_an_alert_and_a_summary_last(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monitor.toml").write_text(
        "[surges.rules]\nminimum_history_days = 1\nguard_minutes = 1440\n", encoding="utf-8"
    )
    found = CliRunner().invoke(app, ["backtest", str(scenario), "--folder", "out", "--json"])
    assert found.exit_code == 0, found.output
    *lines, summary = [json.loads(line) for line in found.stdout.splitlines()]
    asked = {"series", "opened", "closed", "window", "k", "n", "expected", "p", "top_headline"}
    assert all(asked <= line.keys() for line in lines)
    assert summary["outcomes"][0]["alerts"] == len(lines) > 0
    explained = CliRunner().invoke(app, ["explain", str(lines[0]["surge"]), "--store", "out/settings.db"])
    assert explained.exit_code == 0, explained.output
    assert lines[0]["top_headline"] in explained.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("given", "content", "says"),
    [
        ("strict=gone.toml", None, "cannot be read as rules"),
        ("strict=rules.toml", "minimum_effect = 2", "minimum_effect"),
        ("strict=rules.toml", "no_such_rule = 1", "no_such_rule"),
        ("settings=rules.toml", "", "stands for the rules of the settings"),
    ],
)
def test_rules_that_cannot_be_used_are_told_with_file_and_name(
    given: str, content: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "rules.toml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_rules(given, RULES)


def test_two_sets_of_rules_of_one_name_are_refused(scenario: Path, tmp_path: Path) -> None:
    twice = [RuleSet("one", RULES), RuleSet("one", RULES)]
    with pytest.raises(InputError, match="Two sets of rules are called 'one'"):
        list(backtest(settings(tmp_path), job(scenario), twice, tmp_path))
