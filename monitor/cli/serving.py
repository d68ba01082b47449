"""`monitor stage`, `monitor schedule`, `monitor dashboard`: single processes.

`monitor up` and docker-compose.yml start them this way.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.output import CONFIGURATION_EXIT, errors_explained, log_to_stderr, say

_PANEL = "Single processes"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(stage)
    app.command(rich_help_panel=_PANEL)(schedule)
    app.command(rich_help_panel=_PANEL)(dashboard)


def stage(
    name: Annotated[str, typer.Argument(help="ingest, classify, surges, alerts or dispatch.")],
    replay: Annotated[
        Path | None, typer.Option(help="A replay's description (JSON), as `monitor replay` writes it.")
    ] = None,
    replica: Annotated[int, typer.Option(min=1, help="Tells processes of one stage on one machine apart.")] = 1,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Ingest: take the lines of standard input too, headlines or JSON objects.")
    ] = False,
) -> None:
    """Runs one stage until it is asked to stop. Classifiers share the work; of the others one is active at a time."""
    import msgspec

    from monitor.errors import InputError
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.line import build_stage
    from pipelines.replaying import ReplayJob
    from pipelines.stages import STAGES, run_stage, stopping_on_signals

    log_to_stderr()
    with errors_explained(), stopping_on_signals() as stop:
        if name not in STAGES:
            raise InputError(f"There is no stage {name!r}.", f"There are: {', '.join(STAGES)}.")
        settings = load_settings()
        job = msgspec.json.decode(replay.read_bytes(), type=ReplayJob) if replay else None
        try:
            with Database.open(settings.store_url) as database:
                lines = sys.stdin.buffer if stdin else None
                run_stage(
                    name,
                    lambda: build_stage(name, settings, database, job, lines=lines),
                    database,
                    stop,
                    replica=replica,
                )
        except InputError as error:
            say(f"Error: {error}")
            raise typer.Exit(CONFIGURATION_EXIT) from error


def schedule() -> None:
    """Runs the scheduled jobs until it is asked to stop; a run that was missed is caught up once."""
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.schedule import run_schedule
    from pipelines.stages import stopping_on_signals

    log_to_stderr()
    with errors_explained(), stopping_on_signals() as stop:
        settings = load_settings()
        with Database.open(settings.store_url) as database:
            run_schedule(settings, database, stop)


def dashboard() -> None:
    """Runs the dashboard in this process."""
    from monitor.settings import load_settings
    from pipelines.stream import QUIET_ENVIRONMENT, streamlit_command

    with errors_explained():
        settings = load_settings().dashboard
        command = streamlit_command(settings.address, settings.port)
        os.environ.update(QUIET_ENVIRONMENT)
        os.execv(command[0], command)  # noqa: S606 - replaces this process
