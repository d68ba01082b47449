"""`monitor status`, `monitor doctor`, `monitor notifications`: how it stands, and what to mend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from monitor.cli.output import FAILURE_EXIT, cell, errors_explained, print_json, results, say
from monitor.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.store.rows import OutboxEntry
    from pipelines.standing import StageStanding

_PANEL = "Look and mend"
_SHOWN_ID = 12
"""Characters of an id: enough to name one."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(status)
    app.command(rich_help_panel=_PANEL)(doctor)
    app.command(rich_help_panel=_PANEL)(notifications)


def status(
    stage: Annotated[
        str, typer.Option(help="Only whether this stage of this machine is alive; exits 1 where it is not.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """How the line stands: stages, stream time, counts, open alerts, notifications."""
    from datetime import timedelta

    from rich.table import Table

    from monitor.alerts.wording import ahead_of_now
    from monitor.clock import system_clock
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.standing import read_stage, read_status

    with errors_explained():
        settings = load_settings()
        with Database.open(settings.store_url) as database:
            if stage:
                _tell_of(stage, read_stage(database, stage, system_clock()), as_json=as_json)
                return
            standing = read_status(database, system_clock())
        if as_json:
            print_json(standing)
            return
        stages = Table("stage", "state", "last sign of life", title="Stages")
        for each in standing.stages:
            stages.add_row(cell(each.name), each.state, f"{each.silent_seconds:.0f} s ago")
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


def _tell_of(name: str, stage: StageStanding | None, *, as_json: bool) -> None:
    if as_json:
        print_json(stage)
    else:
        results.print(f"{cell(name)} is {stage.state}." if stage else f"{cell(name)} has not reported on this machine.")
    if stage is None or stage.state != "alive":
        raise typer.Exit(FAILURE_EXIT)


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
    ids: Annotated[list[str] | None, typer.Argument(help="Their ids or first characters; none for all.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Send those that were given up once more, with their old text.")
    ] = False,
    receiver: Annotated[str | None, typer.Option(help="Only those for this receiver.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%d %H:%M"], help="Only those of what happened since then, UTC."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many are shown, the latest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The outbox: what receivers were told, what waits, what was given up and why."""
    from monitor.clock import system_clock
    from monitor.settings import load_settings
    from monitor.store import outbox
    from monitor.store.database import Database

    chosen = outbox.Choice(
        ids=tuple(ids or ()), receiver=receiver, since=since.replace(tzinfo=UTC) if since is not None else None
    )
    status = "dead" if dead else None
    with errors_explained(), Database.open(load_settings().store_url) as database:
        if replay:
            with database.write() as connection:
                count = outbox.replay_dead(connection, system_clock(), chosen)
            if not count and chosen != outbox.EVERY:
                raise InputError(
                    "None of the notifications that were given up is meant.", "See monitor notifications --dead."
                )
            say(f"{count} notifications are due again.")
        with database.read() as connection:
            entries = outbox.read_outbox(connection, limit, status, choice=chosen)
            matching = outbox.count_chosen(connection, status, chosen)
    if as_json:
        print_json({"matching": matching, "notifications": [_facts(entry) for entry in entries]})
        return
    results.print(_outbox_table(entries) if entries else "There are none.")
    if matching > len(entries):
        results.print(f"{len(entries)} of {matching:,} are shown; --limit shows more.")


def _outbox_table(entries: Sequence[OutboxEntry]) -> Table:
    from rich.table import Table

    from monitor.alerts.messages import title
    from monitor.alerts.wording import moment

    table = Table("id", "when", "status", "receiver", "attempts", "what", "last error")
    for entry in entries:
        message = entry.notification
        table.add_row(
            message.id[:_SHOWN_ID],
            moment(message.created_at),
            entry.status,
            cell(message.receiver),
            str(entry.attempts),
            cell(title(message)),
            cell(entry.last_error or ""),
        )
    return table


def _facts(entry: OutboxEntry) -> dict[str, Any]:
    from monitor.alerts.messages import title

    message = entry.notification
    return {
        "id": message.id,
        "at": message.created_at,
        "status": entry.status,
        "receiver": message.receiver,
        "kind": message.kind,
        "what": title(message),
        "attempts": entry.attempts,
        "next_attempt_at": entry.next_attempt_at if entry.status == "pending" else None,
        "delivered_at": entry.delivered_at,
        "last_error": entry.last_error,
    }
