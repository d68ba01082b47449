"""`monitor sources`: how each source is, what became of all that it gave, and what it answers now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.output import FAILURE_EXIT, cell, errors_explained, log_to_stderr, print_json, results, say

if TYPE_CHECKING:
    from monitor.ingest.intake.accounts import Accounts
    from monitor.ingest.intake.parcel import Standing
    from monitor.store.sources import SourceAccounts, SourceRow

_PANEL = "Look after it"
_COLOURS = {"healthy": "green", "late": "yellow", "empty": "yellow", "stale": "red", "changed": "red"}

AsJson = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
Name = Annotated[str, typer.Argument(help="Name of the source in the settings.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="How the sources are: verdicts, accounts, and what one answers now.")
    group.callback(invoke_without_command=True)(sources)
    group.command("list")(list_sources)
    group.command("show")(show)
    group.command("check")(check)
    group.command("accounts")(accounts)
    group.command("forget")(forget)
    app.add_typer(group, name="sources", rich_help_panel=_PANEL)


def sources(context: typer.Context, as_json: AsJson = False) -> None:
    """How the sources are: verdicts, accounts, and what one answers now."""
    if context.invoked_subcommand is None:
        list_sources(as_json)


def list_sources(as_json: AsJson = False) -> None:
    """Every source with its verdict, the worst first."""
    from rich.table import Table

    from monitor.clock import system_clock
    from monitor.ingest.intake.health import span
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from monitor.store.sources import read_sources
    from pipelines.pushing import PUSH
    from pipelines.sources import all_sources

    with errors_explained():
        settings, now = load_settings(), system_clock()
        with Database.open(settings.store_url) as database, database.read() as connection:
            known = read_sources(connection)
        named = {row.standing.name for row in known}
        configured = {source.name for source in all_sources(settings)} | {PUSH}
        waiting = [source for source in all_sources(settings) if source.name not in named]
        if as_json:
            print_json(
                {
                    "sources": [_row_json(row) for row in known],
                    "not_polled": [{"name": source.name, "kind": source.kind} for source in waiting],
                }
            )
            return
        table = Table("source", "kind", "verdict", "last news", "next poll", "why")
        for row in known:
            standing = row.standing
            last, upcoming = standing.history.last_new, standing.next_poll_at
            table.add_row(
                cell(standing.name),
                standing.kind,
                _told(standing) + ("" if standing.name in configured else ", not in the settings"),
                f"{span(now - last)} ago" if last else "never",
                "" if upcoming is None else f"in {span(upcoming - now)}" if upcoming > now else "now",
                cell(standing.why),
            )
        for source in waiting:
            table.add_row(cell(source.name), source.kind, "not polled yet", "", "", "")
        results.print(table if known or waiting else "There are none. Add [[sources]] to monitor.toml.")


def show(
    name: Name,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many polls, the latest first.")] = 10,
    as_json: AsJson = False,
) -> None:
    """One source: verdict, expected interval, polls, changes, accounts."""
    from rich.table import Table

    from monitor.alerts.wording import clean, moment
    from monitor.errors import InputError
    from monitor.ingest.intake.health import due, expected_interval, span
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from monitor.store.sources import read_accounts, read_changes, read_polls, read_sources

    with errors_explained():
        with Database.open(load_settings().store_url) as database, database.read() as connection:
            row = next((row for row in read_sources(connection) if row.standing.name == name), None)
            if row is None:
                raise InputError(f"Nothing is known of a source {name!r}.", "See: monitor sources.")
            polls = read_polls(connection, name, limit)
            changes = read_changes(connection, name, limit)
            own = next((each for each in read_accounts(connection) if each.source == name), None)
        if as_json:
            print_json({**_row_json(row), "polls": polls, "changes": changes, "accounts": own})
            return
        standing, expected = row.standing, expected_interval(row.standing.history)
        due_at = due(standing.history, expected)
        results.print(f"{_told(standing)} since {moment(row.changed_at)}: {cell(standing.why)}")
        results.print(
            f"News is expected within {span(expected)}, next by {moment(due_at) if due_at else 'an unknown time'}."
        )
        table = Table("poll", "items", "what became of them", "failure")
        for poll in polls:
            table.add_row(moment(poll.at), *_columns(poll.accounts), cell(poll.detail or poll.failure, 120))
        results.print(table)
        for change in changes:
            results.print(
                f"{moment(change.at)}  {change.before or 'new'} → {change.after}  {clean(change.why)}", markup=False
            )


def check(name: Name, as_json: AsJson = False) -> None:
    """Asks a source once, now, and tells what would become of its items. Nothing is kept."""
    from monitor.alerts.wording import clean
    from monitor.clock import system_clock
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.checking import check_source

    log_to_stderr()
    with errors_explained():
        settings = load_settings()
        with Database.open(settings.store_url) as database:
            found = check_source(settings, database, name, system_clock())
        if as_json:
            print_json(found)
        elif found.failure:
            results.print(f"[red]{found.failure}[/]: ", end="")
            results.print(clean(found.detail), markup=False)
        else:
            count, fates = _columns(found.accounts)
            results.print(f"{count} items{fates and ': '}{fates}.", markup=False)
            for heading, counts in (("Languages", found.languages), ("Times", found.time_cases)):
                told = ", ".join(f"{key} {count}" for key, count in counts.items())
                results.print(f"{heading}: {told or 'none'}", markup=False)
            for line in (*found.titles, *found.reasons):
                results.print(f"  {clean(line, 160)}", markup=False)
        if found.failure:
            raise typer.Exit(FAILURE_EXIT)


def accounts(
    days: Annotated[int, typer.Option(min=1, max=4000, help="Of so many days, today included.")] = 30,
    as_json: AsJson = False,
) -> None:
    """What became of every item that was fetched; the columns add up, or the command fails."""
    from rich.table import Table

    from monitor.clock import system_clock
    from monitor.ingest.intake.accounts import Accounts
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from monitor.store.sources import read_accounts

    with errors_explained():
        since = system_clock() - timedelta(days=days - 1)
        with Database.open(load_settings().store_url) as database, database.read() as connection:
            found = read_accounts(connection, since)
        total = sum((each.accounts for each in found), Accounts())
        if as_json:
            print_json({"sources": [_accounts_json(each) for each in found], "total": total, "sums_match": True})
            return
        table = Table("source", "polls", "failed", "items", "what became of them")
        polls, failed = 0, 0
        for each in found:
            failures = sum(each.failures.values())
            polls, failed = polls + each.polls, failed + failures
            table.add_row(cell(each.source), f"{each.polls:,}", f"{failures:,}", *_columns(each.accounts))
        table.add_section()
        table.add_row("all", f"{polls:,}", f"{failed:,}", *_columns(total))
        results.print(table)
        results.print("Every item fetched stands in one column: the sums match.")


def forget(name: Name) -> None:
    """Forgets where a source stands, as after it was taken out of the settings; its accounts and articles stay.

    Ingest must not run: it would write the place down again.
    """
    from monitor.clock import system_clock
    from monitor.errors import InputError
    from monitor.settings import load_settings
    from monitor.store import sources as stored
    from monitor.store.database import Database
    from pipelines.standing import is_alive

    with errors_explained(), Database.open(load_settings().store_url) as database:
        if is_alive(database, "ingest", system_clock()):
            raise InputError(f"Ingest runs, and would write down again where {name!r} stands.", "Stop it first.")
        with database.write() as connection:
            known = stored.forget(connection, name)
        if not known:
            raise InputError(f"Nothing is known of a source {name!r}.", "See: monitor sources.")
        say(f"{name} is forgotten. A source of that name begins anew when ingest starts again, and repeats nothing.")


def _columns(accounts: Accounts) -> tuple[str, str]:
    from monitor.ingest.intake.accounts import FATES

    parts = [f"{accounts.of_fate(fate):,} {fate.value.replace('_', ' ')}" for fate in FATES if accounts.of_fate(fate)]
    return f"{accounts.fetched:,}", ", ".join(parts)


def _told(standing: Standing) -> str:
    return "not yet" if standing.awaited else _coloured(standing.verdict or "healthy")


def _coloured(verdict: str) -> str:
    return f"[{_COLOURS.get(verdict, 'bold red')}]{verdict}[/]"


def _row_json(row: SourceRow) -> dict[str, Any]:
    from monitor.ingest.intake.health import due, expected_interval

    standing, history = row.standing, row.standing.history
    expected = expected_interval(history)
    return {
        "name": standing.name,
        "kind": standing.kind,
        "verdict": standing.verdict,
        "why": standing.why,
        "since": row.changed_at,
        "expected_seconds": expected.total_seconds(),
        "due_at": due(history, expected),
        "last_poll_at": row.last_poll_at,
        "last_success_at": history.last_success,
        "last_new_at": history.last_new,
        "failures_in_a_row": history.failures,
        "next_poll_at": standing.next_poll_at,
        "moved_to": standing.state.moved_to,
    }


def _accounts_json(each: SourceAccounts) -> dict[str, Any]:
    return {"source": each.source, "polls": each.polls, "failures": each.failures, "accounts": each.accounts}
