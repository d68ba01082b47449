"""`monitor status`, `monitor doctor`, `monitor notifications`: how it stands, and what to mend."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from monitor.cli.output import FAILURE_EXIT, cell, errors_explained, print_json, results, say

_PANEL = "Look and mend"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(status)
    app.command(rich_help_panel=_PANEL)(doctor)
    app.command(rich_help_panel=_PANEL)(notifications)


def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """How the line stands: stages, stream time, counts, open alerts, notifications."""
    from datetime import timedelta

    from rich.table import Table

    from monitor.alerts.wording import ahead_of_now
    from monitor.clock import system_clock
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.standing import read_status

    with errors_explained():
        settings = load_settings()
        with Database.open(settings.store_url) as database:
            standing = read_status(database, system_clock())
        if as_json:
            print_json(standing)
            return
        stages = Table("stage", "state", "last sign of life", title="Stages")
        for stage in standing.stages:
            stages.add_row(cell(stage.name), stage.state, f"{stage.silent_seconds:.0f} s ago")
        results.print(stages if standing.stages else "No stage has reported yet: monitor up starts them.")
        results.print(
            f"Stream time: {standing.tick:%Y-%m-%d %H:%M:%S} UTC" if standing.tick else "Nothing has been counted yet."
        )
        if standing.ahead_seconds:
            results.print(f"[yellow]That is {ahead_of_now(timedelta(seconds=standing.ahead_seconds))}.[/]")
        results.print("  ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in standing.counts.items()))
        results.print("Notifications: " + "  ".join(f"{name} {value:,}" for name, value in standing.outbox.items()))
        for alert in standing.open_alerts:
            results.print(f"{alert.state}: {cell(alert.title)}")
        if not standing.open_alerts:
            results.print("Nothing is surging.")


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Says what is missing or unsafe and how to mend it; exits 1 where something does not work."""
    from monitor.settings import load_settings
    from pipelines.diagnosis import examine

    with errors_explained():
        findings = examine(load_settings())
        if as_json:
            print_json({"findings": msgspec.to_builtins(findings)})
        else:
            marks = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "fault": "[bold red]fault[/]  "}
            for finding in findings:
                results.print(f"{marks[finding.level]} {cell(finding.subject)}: ", end="")
                results.print(f"{finding.what} {finding.remedy}".strip(), markup=False)
        if any(finding.level == "fault" for finding in findings):
            raise typer.Exit(FAILURE_EXIT)


def notifications(
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
    replay: Annotated[bool, typer.Option("--replay", help="Send those that were given up once more.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the latest first.")] = 20,
) -> None:
    """The outbox: what receivers were told, what waits, what was given up and why."""
    from rich.table import Table

    from monitor.alerts.messages import title
    from monitor.clock import system_clock
    from monitor.settings import load_settings
    from monitor.store import outbox
    from monitor.store.database import Database

    with errors_explained(), Database.open(load_settings().store_url) as database:
        if replay:
            with database.write() as connection:
                count = outbox.replay_dead(connection, system_clock())
            say(f"{count} notifications are due again.")
        with database.read() as connection:
            entries = outbox.read_outbox(connection, limit, "dead" if dead else None)
        table = Table("status", "receiver", "attempts", "what", "last error")
        for entry in entries:
            table.add_row(
                entry.status,
                cell(entry.notification.receiver),
                str(entry.attempts),
                cell(title(entry.notification)),
                cell(entry.last_error or ""),
            )
        results.print(table if entries else "There are none.")
