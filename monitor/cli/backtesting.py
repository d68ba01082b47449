"""`monitor backtest`, `monitor explain`: what rules make of the past, and why a surge was called one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import cell, errors_explained, log_to_stderr, print_json, progress_bar, results, say
from monitor.cli.running import (
    BodyColumn,
    DayFirstOption,
    FormatOption,
    IdColumn,
    SeenColumn,
    SourceColumn,
    TextColumn,
    TimeColumn,
    UrlColumn,
    ZoneOption,
    replay_job,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.backtest import AlertLine, Outcome
    from pipelines.explaining import Explanation

_PANEL = "Look and mend"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(backtest)
    app.command(rich_help_panel=_PANEL)(explain)


def backtest(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or Parquet file of past news, possibly gzipped.")],
    rules: Annotated[
        list[str],
        typer.Option(
            "--rules",
            help="NAME=FILE: rules to compare with those of the settings; a TOML file of what differs from them. "
            "May be repeated.",
        ),
    ] = [],  # noqa: B006 - typer's way to say that an option may be repeated
    pictures: Annotated[bool, typer.Option("--pictures", help="Draw each alert (extra train).")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where results go; by default backtests/ under the data folder.")
    ] = None,
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, the summary last.")] = False,
) -> None:
    """Replays past news with the live code, fast and without a broker, and shows which alerts would have come."""
    from monitor.settings import load_settings
    from pipelines.backtest import OWN_RULES, RuleSet, read_rules
    from pipelines.backtest import backtest as run

    log_to_stderr()
    with errors_explained():
        settings = load_settings()
        own = settings.surges.rules
        sets = [RuleSet(OWN_RULES, own), *(read_rules(given, own) for given in rules)]
        job = replay_job(
            settings,
            file,
            file_format,
            time_zone,
            day_first=day_first,
            text=text_column,
            body=body_column,
            time=time_column,
            source=source_column,
            id_=id_column,
            url=url_column,
            seen=seen_column,
        )
        target = folder or settings.data_dir / "backtests" / file.name.split(".")[0]
        outcomes = []
        with progress_bar() as bar:
            task = bar.add_task("Reading", total=None, note="")
            for lines, outcome in run(
                settings, job, sets, target, lambda done, total: bar.update(task, completed=done, total=total)
            ):
                outcomes.append(outcome)
                for line in lines:
                    if as_json:
                        print_json(line)
                    else:
                        results.print(_told(line), markup=False)
                if pictures:
                    _draw(outcome, lines, target)
        say(f"Results: {target}")
        if as_json:
            print_json({"outcomes": outcomes})
        else:
            _print_outcomes(outcomes)


def explain(
    surge: Annotated[str, typer.Argument(help="Number of a surge, or id of an alert or its first characters.")],
    store: Annotated[
        str, typer.Option(help="URL of the store, or file of a SQLite store; by default that of the settings.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Says why something was called a surge: figures, evidence, and what it was compared with."""
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.explaining import explain_surge

    with errors_explained():
        settings = load_settings()
        with Database.open(_url(store) or settings.store_url) as database:
            found = explain_surge(database, surge, settings.surges.rules)
        if as_json:
            print_json(found)
        else:
            _print_explanation(found)


def _url(given: str) -> str:
    return given if not given or "://" in given else f"sqlite:///{Path(given).absolute()}"


def _told(line: AlertLine) -> str:
    lasted = f" to {line.closed:%Y-%m-%d %H:%M}" if line.closed else ", still open"
    return (
        f"{line.rules}  {line.opened:%Y-%m-%d %H:%M}{lasted}  {line.series}: {line.k} of {line.n} negative in "
        f"{line.window} min, {line.expected:.1f} expected, p {line.p:.1e} ({line.statistic})  {line.top_headline}"
    )


def _draw(outcome: Outcome, lines: Sequence[AlertLine], folder: Path) -> None:
    from monitor.errors import InputError
    from pipelines.event_pictures import draw_alerts

    try:
        draw_alerts(outcome.store, lines, folder / f"{outcome.rules}-pictures")
    except ModuleNotFoundError as error:
        raise InputError("--pictures needs matplotlib, which is not installed.", "Install the extra train.") from error


def _print_outcomes(outcomes: Sequence[Outcome]) -> None:
    from rich.table import Table

    table = Table(
        "rules", "articles", "weeks", "surges", "alerts", "a week", "by kind, a week", "shared with the first"
    )
    for one in outcomes:
        kinds = "  ".join(f"{kind} {count:g}" for kind, count in one.by_kind.items())
        table.add_row(
            cell(f"{one.rules} ({one.version})"),
            f"{one.articles:,}",
            f"{one.weeks:g}",
            f"{one.surges:,}",
            f"{one.alerts:,}",
            f"{one.alerts_per_week:g}",
            kinds,
            f"{one.shared:,}",
        )
    results.print(table)


def _print_explanation(found: Explanation) -> None:
    for line in found.lines:
        results.print(line, markup=False)
