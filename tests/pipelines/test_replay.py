"""The whole line, as processes, over a real broker: what goes in comes out once, whatever is killed."""

from __future__ import annotations

import itertools
import json
import random
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.broker.embedded import EmbeddedBroker
from monitor.cli.app import app
from monitor.cli.running import replay_job
from monitor.entities.names import PROVISIONAL
from monitor.errors import MonitorError
from monitor.settings import load_settings
from monitor.store.database import Database
from monitor.store.entities import count_articles
from monitor.store.reads import read_alerts
from pipelines.replaying import ReplayJob
from pipelines.replays import Standing, private_settings, replay_file
from pipelines.stream import Line
from tests.alerts.server import serving
from tests.apache_kafka.server import KafkaServer
from tests.pipelines.lines import COLUMNS, run_replay, write_scenario


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "banks.jsonl"
    write_scenario(path, days=20, per_day=400)
    return path


def test_every_item_is_accounted_for_and_the_run_on_banks_fires(tmp_path: Path) -> None:
    items = write_scenario(tmp_path / "banks.jsonl")

    summary, _ = run_replay(tmp_path / "banks.jsonl", tmp_path / "line")

    assert summary.articles_in == items
    assert summary.articles_in == summary.scored + summary.unscored + summary.duplicates + summary.dead_lettered
    assert (summary.unscored, summary.duplicates, summary.dead_lettered) == (6, 6, 6)
    assert summary.alerts_fired >= 1
    assert summary.notifications_delivered >= summary.alerts_fired
    with Database.open(f"sqlite:///{tmp_path / 'line' / 'monitor.db'}") as database, database.read() as connection:
        fired = [alert.fired_at for alert in read_alerts(connection, 100) if alert.fired_at]
    assert all(f"{at:%Y-%m-%d}" == "2024-03-09" for at in fired), "nothing may fire on the calm days"


@pytest.mark.slow
@pytest.mark.parametrize(("day_first", "month"), [(True, 12), (False, 5), (None, 5)])
def test_which_number_of_a_date_is_the_day_may_be_given(tmp_path: Path, day_first: bool | None, month: int) -> None:
    path = tmp_path / "past.csv"
    path.write_bytes(b"title,published\nMill burns,05/12/2024\n")
    job = replay_job(load_settings(), path, "auto", "UTC", day_first=day_first)
    [arrival] = job.recording().arrivals()
    assert arrival.at.month == month


def test_a_replay_tells_the_console_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = write_scenario(tmp_path / "banks.jsonl")
    with serving() as chat:
        config = tmp_path / "monitor.toml"
        config.write_text(
            f'[[alerts.receivers]]\nname = "desk-chat"\nkind = "webhook"\nurl = "{chat.url}"\n'
            '[[alerts.routes]]\nreceivers = ["desk-chat"]\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("MONITOR_CONFIG", str(config))

        summary, _ = run_replay(tmp_path / "banks.jsonl", tmp_path / "line")

        assert chat.keys() == []
    assert summary.articles_in == items
    assert summary.notifications_delivered >= summary.alerts_fired >= 1
    assert "negative news surging" in (tmp_path / "line" / "logs" / "dispatch.log").read_text(encoding="utf-8")


def test_a_store_takes_one_replay_and_tells_what_it_holds_where_another_is_to_go_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("first.csv").write_text("time,headline\n2024-03-04T10:00:00,Harrow Bank opens a branch\n", encoding="utf-8")
    Path("second.csv").write_text(
        "time,headline\n2024-03-05T10:00:00,Pelham Trust fails\n2024-03-05T11:00:00,Oakhurst is sold\n",
        encoding="utf-8",
    )

    def replay(file: str, *more: str) -> Result:
        return CliRunner().invoke(app, ["replay", file, "--store", "sqlite:///own.db", "--json", *more])

    def figures(result: Result) -> dict[str, float]:
        assert result.exit_code == 0, result.output
        found: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
        return {name: value for name, value in found.items() if name != "seconds"}

    first = figures(replay("first.csv", "--folder", "line"))
    assert first["articles_in"] == first["scored"] == 1

    for refused in (
        replay("second.csv"),
        replay("first.csv", "--time-zone", "America/New_York"),
        replay("first.csv", "--folder", "line", "--text-column", "time"),
    ):
        assert refused.exit_code == 2
        told = " ".join(refused.stderr.split())
        assert "own.db holds other news already: 1 item, up to 2024-03-04 10:01 UTC" in told
        assert "--store" in told

    assert figures(replay("first.csv", "--folder", "line", "--speed", "86400")) == first


def test_a_store_is_taken_from_the_moment_a_replay_begins(tmp_path: Path) -> None:
    """One that was stopped before its first item, or that is only starting, would share it with the next."""
    settings = private_settings(load_settings(), tmp_path / "line")
    stopped = threading.Event()
    stopped.set()
    for name, problem in (("first.jsonl", "The replay was interrupted"), ("second.jsonl", "holds other news already")):
        write_scenario(tmp_path / name, days=1, per_day=1, grim=0, seed=len(name))
        job = ReplayJob(path=str(tmp_path / name), format="jsonl", columns=COLUMNS)
        with pytest.raises(MonitorError, match=problem):
            replay_file(settings, job, say=print, stop=stopped)


@pytest.mark.slow
def test_killing_every_stage_several_times_changes_no_row(scenario: Path, tmp_path: Path) -> None:
    calm, expected = run_replay(scenario, tmp_path / "calm")
    draw = random.Random(11)
    victims = [name for name in ("ingest", "classify", "surges", "alerts", "dispatch") for _ in range(2)]
    draw.shuffle(victims)
    looks = itertools.count()

    def kill_one_now_and_then(line: Line, standing: Standing) -> None:
        under_way = 0 < standing.settled < standing.total
        if victims and under_way and next(looks) % 5 == 0:
            line.supervisor.processes[victims.pop()].kill()

    # A day a second and a half, so that there is a while to kill in.
    speed = 86_400 / 1.5
    disturbed, found = run_replay(scenario, tmp_path / "disturbed", disturb=kill_one_now_and_then, speed=speed)

    assert not victims, "every stage must have been killed while the replay was under way"
    assert found == expected
    with Database.open(f"sqlite:///{tmp_path / 'disturbed' / 'monitor.db'}") as database, database.read() as connection:
        linked = {count.entity for count in count_articles(connection, limit=1_000)}
    assert "barclays" in linked
    assert any(entity.startswith(PROVISIONAL) for entity in linked)
    assert disturbed.alerts_fired == calm.alerts_fired


@pytest.mark.slow
def test_an_embedded_broker_that_dies_twice_changes_no_row(scenario: Path, tmp_path: Path) -> None:
    _, expected = run_replay(scenario, tmp_path / "calm")
    thresholds = [6_000, 1_500]

    def kill_the_broker(line: Line, standing: Standing) -> None:
        if thresholds and thresholds[-1] <= standing.settled < standing.total:
            thresholds.pop()
            line.kill_broker()

    _, found = run_replay(scenario, tmp_path / "disturbed", disturb=kill_the_broker, speed=86_400 / 1.5)

    assert not thresholds
    assert found == expected


@pytest.mark.slow
def test_two_classifiers_write_the_same_rows_as_one(scenario: Path, tmp_path: Path) -> None:
    _, expected = run_replay(scenario, tmp_path / "one")

    _, found = run_replay(scenario, tmp_path / "two", classifiers=2)

    assert found == expected


@pytest.mark.kafka
def test_apache_kafka_and_the_embedded_broker_give_the_same_rows(scenario: Path, tmp_path: Path) -> None:
    with EmbeddedBroker() as embedded:
        _, expected = run_replay(scenario, tmp_path / "embedded", bootstrap=embedded.bootstrap)
    with KafkaServer() as kafka:
        _, found = run_replay(scenario, tmp_path / "kafka", bootstrap=kafka.bootstrap)

    assert found == expected
