"""`monitor demo`, `monitor up`, `monitor replay`: the whole line."""

from __future__ import annotations

import shutil
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from monitor.cli.output import errors_explained, log_to_stderr, print_json, progress_bar, say

if TYPE_CHECKING:
    from monitor.settings import Settings
    from pipelines.replaying import ReplayJob
    from pipelines.replays import Summary

DEMO_SPEED = 1_800.0
"""Stream seconds per second with a dashboard to watch: half an hour a second."""
_PANEL = "Run the line"

FormatOption = Annotated[str, typer.Option("--format", help="csv, jsonl or parquet; by default the name tells.")]
TimeColumn = Annotated[
    str, typer.Option(help="Column with the publication time; by default time, published, created_at or date.")
]
TextColumn = Annotated[str, typer.Option(help="Column with the headline; by default headline, title or text.")]
BodyColumn = Annotated[str, typer.Option(help="Column with more text; by default description, summary or body.")]
SourceColumn = Annotated[str, typer.Option(help="Column with the publisher; by default source or publisher.")]
IdColumn = Annotated[
    str, typer.Option(help="Column with an id that makes an article the same; by default URL, or title and time.")
]
UrlColumn = Annotated[str, typer.Option(help="Column with the address; by default url or link.")]
SeenColumn = Annotated[
    str, typer.Option(help="Column with the time at which a recording saw an item; by default when it was published.")
]
ZoneOption = Annotated[str, typer.Option(help="IANA zone of times that name none.")]
DayFirstOption = Annotated[
    bool | None,
    typer.Option(
        "--day-first/--month-first",
        help="Of dates such as 5/6/2024. Where neither is given, the file's other dates tell, else the month is first.",
    ),
]
SpeedOption = Annotated[str, typer.Option(help="Stream seconds per second, or max.")]
FolderOption = Annotated[
    Path | None,
    typer.Option(help="Where the results go; by default a new folder under the data folder; an old one goes on."),
]
StoreOption = Annotated[
    str, typer.Option(help="URL of a database of its own for the results; by default a SQLite file in the folder.")
]
ClassifiersOption = Annotated[int, typer.Option(min=1, help="Replicas of the classify stage.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(demo)
    app.command(rich_help_panel=_PANEL)(up)
    app.command(rich_help_panel=_PANEL)(replay)


def demo(
    headless: Annotated[
        bool,
        typer.Option("--headless", help="Without a dashboard: run as fast as possible, print one JSON object, end."),
    ] = False,
    speed: Annotated[float | None, typer.Option(min=1, help="Stream seconds per second, with a dashboard.")] = None,
) -> None:
    """Replays a week of invented news with a bank crisis and a product recall; shows what the monitor makes of it."""
    from monitor.demo import CRISIS_BEGINS, SCENARIO
    from monitor.ingest.items import ColumnMap
    from pipelines.replaying import ReplayJob

    log_to_stderr()
    with errors_explained():
        pace = DEMO_SPEED if speed is None else _speed(str(speed))
        settings = _settings()
        folder = settings.data_dir / "demo"
        shutil.rmtree(folder, ignore_errors=True)
        columns = ColumnMap(
            text="title", body="description", time="published", seen="seen_at", source="source", id="id", url="url"
        )
        job = ReplayJob(
            path=str(SCENARIO),
            format="jsonl",
            columns=columns,
            speed=0.0 if headless else pace,
            paced_from=CRISIS_BEGINS,
        )
        if headless:
            print_json(_replay(_private(settings, folder), job))
        else:
            _demo_with_dashboard(settings, job, folder)


def up(
    feeds: Annotated[
        bool, typer.Option("--feeds", help="Read the public finance feeds that ship with the monitor too.")
    ] = False,
) -> None:
    """Runs everything until Ctrl-C: broker (unless one is set), all stages, scheduled jobs and the dashboard."""
    from threading import Event

    from pipelines.stages import stopping_on_signals
    from pipelines.stream import absolute_store, running_line

    log_to_stderr()
    with errors_explained(), stopping_on_signals() as stop:
        settings = absolute_store(_settings(ingest={"starter_feeds": True}) if feeds else _settings())
        if not settings.sources and not settings.ingest.starter_feeds and not settings.ingest.push.tokens:
            say(
                "No sources are set, so nothing will be read: "
                "add [[sources]] to monitor.toml (docs/settings.md), or give --feeds."
            )
        with running_line(settings, say=say, schedule=True, dashboard=True) as line:
            say(f"Dashboard: {line.dashboard_url}   Kafka: {line.bootstrap}   Logs: {settings.data_dir / 'logs'}")
            if not settings.kafka.bootstrap:
                say(
                    "The embedded broker keeps nothing on disk: "
                    "set kafka.bootstrap for anything that must outlive a restart."
                )
            say("Ctrl-C stops everything.")
            resting: Event = stop
            while not resting.wait(0.2):
                line.watch()
        say("Stopped.")


def replay(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or Parquet file, possibly gzipped.")],
    file_format: FormatOption = "auto",
    time_column: TimeColumn = "",
    text_column: TextColumn = "",
    body_column: BodyColumn = "",
    source_column: SourceColumn = "",
    id_column: IdColumn = "",
    url_column: UrlColumn = "",
    seen_column: SeenColumn = "",
    time_zone: ZoneOption = "UTC",
    day_first: DayFirstOption = None,
    speed: SpeedOption = "max",
    folder: FolderOption = None,
    store: StoreOption = "",
    classifiers: ClassifiersOption = 1,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Replays a file of past news through a line of its own: own topics, own store; nothing else is touched."""
    log_to_stderr()
    with errors_explained():
        settings = _settings()
        job = replay_job(
            settings,
            file,
            file_format,
            time_zone,
            _speed(speed),
            day_first=day_first,
            text=text_column,
            body=body_column,
            time=time_column,
            source=source_column,
            id_=id_column,
            url=url_column,
            seen=seen_column,
        )
        target = folder or settings.data_dir / "replays" / f"{file.name.split('.')[0]}-{uuid4().hex[:8]}"
        private = _private(settings, target, store)
        summary = _replay(private, job, classifiers=classifiers)
        say(f"Results: {target}")
        if as_json:
            print_json(summary)
        else:
            _print_summary(summary)


def replay_job(
    settings: Settings,
    file: Path,
    file_format: str,
    time_zone: str,
    speed: float = 0.0,
    *,
    day_first: bool | None = None,
    **columns: str,
) -> ReplayJob:
    """What to replay, from what was given on the command line.

    Args:
        settings: For limits.
        file: The file.
        file_format: Its format, or auto.
        time_zone: Of times that name none.
        speed: See `ReplayJob`.
        day_first: Likewise.
        columns: As `guessed_columns` takes them; empty ones are guessed.

    Raises:
        InputError: The file has no such columns, or cannot be read.
    """
    from monitor.ingest.sources.columns import guessed_columns
    from monitor.ingest.sources.files import file_format as told_format
    from pipelines.replaying import ReplayJob

    kind = told_format(file, file_format)
    return ReplayJob(
        path=str(file.absolute()),
        format=kind,
        columns=guessed_columns(file, kind, **columns),
        time_zone=time_zone,
        day_first=day_first,
        speed=speed,
        max_item_bytes=settings.ingest.max_item_bytes,
    )


def _settings(**overrides: Any) -> Settings:
    from monitor.settings import load_settings

    return load_settings(**overrides)


def _private(settings: Settings, folder: Path, store_url: str = "") -> Settings:
    from pipelines.replays import private_settings

    return private_settings(settings, folder, store_url)


def _replay(settings: Settings, job: ReplayJob, *, classifiers: int = 1) -> Summary:
    from monitor.store.database import Database
    from pipelines.replays import Standing, replay_file
    from pipelines.stream import Line

    with progress_bar() as bar:
        task = bar.add_task("Replaying", total=None, note="starting")

        def watch(_line: Line, _database: Database, standing: Standing) -> None:
            reached = f"{standing.tick:%Y-%m-%d %H:%M} UTC" if standing.tick else "starting"
            bar.update(task, total=standing.total or None, completed=standing.settled, note=reached)

        return replay_file(settings, job, say=say, watch=watch, classifiers=classifiers)


def _demo_with_dashboard(settings: Settings, job: ReplayJob, folder: Path) -> None:
    from monitor.store.database import Database
    from pipelines.replays import await_end, delete_topics
    from pipelines.stages import stopping_on_signals
    from pipelines.stream import running_line

    private = _private(settings, folder)
    with (
        stopping_on_signals() as stop,
        Database.open(private.store_url) as database,
        running_line(private, say=say, replay=job, dashboard=True) as line,
    ):
        say(f"Dashboard: {line.dashboard_url}")
        say("A week of invented news: four and a half calm days in a few seconds, then a bank crisis at")
        say(f"{job.speed / 60:g} minutes a second. Alerts appear here and on the dashboard. Ctrl-C stops.")
        say(
            "The embedded broker keeps nothing on disk." if not settings.kafka.bootstrap else f"Kafka: {line.bootstrap}"
        )
        if await_end(line, database, None, stop) is not None:
            say("The week is over. The dashboard stays open until Ctrl-C.")
        while not stop.wait(0.2):
            line.watch()
    delete_topics(private)
    say("Stopped.")


def _speed(text: str) -> float:
    from monitor.errors import InputError

    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < inf:
        raise InputError(f"--speed is {text!r}.", "Give a number above 0, or max.")
    return speed


def _print_summary(summary: Summary) -> None:
    import msgspec
    from rich.table import Table

    from monitor.cli.output import results

    table = Table(show_header=False, box=None)
    for name, value in msgspec.structs.asdict(summary).items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    results.print(table)
