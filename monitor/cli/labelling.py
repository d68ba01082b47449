"""`monitor labels`: labelled texts from files into the store, back, and what they amount to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from monitor.cli.modelling import AsJson
from monitor.cli.output import errors_explained, print_json, results, say

if TYPE_CHECKING:
    from monitor.learning.data.label import Label, LabelTask
    from monitor.learning.data.label_statistics import LabelStatistics

_PANEL = "Models"
_CONFLICTS_SHOWN = 10
_TEXT_SHOWN = 80


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    labels = typer.Typer(no_args_is_help=True, help="Labelled texts: what models are trained and judged on.")
    labels.command("import")(import_)
    labels.command()(export)
    labels.command()(stats)
    app.add_typer(labels, name="labels", rich_help_panel=_PANEL)


def import_(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or Parquet file, possibly gzipped.")],
    text_column: Annotated[str, typer.Option(help="Column with the text.")] = "",
    label_column: Annotated[str, typer.Option(help="Column with the label.")] = "",
    task: Annotated[str, typer.Option(help="topic, sentiment, or entity (the sentiment toward one).")] = "",
    labels: Annotated[
        str, typer.Option(help="What the file's labels mean: 'raw=name,raw=name'; by default they are the names.")
    ] = "",
    entity_column: Annotated[str, typer.Option(help="Column with the entity, for the task entity.")] = "",
    author: Annotated[
        str, typer.Option(help="Whose labels they are; by default the file's name, or an export's own authors.")
    ] = "",
    new_topics: Annotated[str, typer.Option(help="Names of topics that no model knows yet, separated by commas.")] = "",
    as_json: AsJson = False,
) -> None:
    """Reads labels into the store: all rows of the file, or none where one has a fault.

    What `monitor labels export` wrote needs no options: its rows come back as the labels they were.
    """
    from monitor.clock import system_clock
    from monitor.learning.data.examples import parse_label_map
    from monitor.learning.data.label_files import LabelFile, import_labels
    from monitor.learning.data.label_statistics import known_labels
    from monitor.settings import load_settings
    from monitor.store.database import Database

    with errors_explained():
        description = LabelFile(
            path=file,
            text_column=text_column,
            label_column=label_column,
            task=_task(task) if task else None,
            label_map=parse_label_map(labels) if labels else {},
            entity_column=entity_column,
            author=author,
        )
        new = tuple(name.strip() for name in new_topics.split(",") if name.strip())
        with Database.open(load_settings().store_url) as database:
            known = known_labels(database, new)
            imported = import_labels(database, description, known, system_clock())
        if as_json:
            print_json(imported)
            return
        say(f"{imported.rows} rows: {imported.added} labels added, {imported.corrected} corrected.")
        if imported.unchanged:
            say(f"{imported.unchanged} were there already, or stand more than once in the file (the last one counts).")
        if imported.unreadable:
            say(f"{imported.unreadable} hold no letter or digit and are left out.")
        if imported.entities_not_found:
            say(f"{imported.entities_not_found} name an entity that the text does not; training cannot use them.")


def export(
    file: Annotated[Path, typer.Argument(help="A .csv or .jsonl file; is replaced if it is there.")],
    task: Annotated[str, typer.Option(help="topic, sentiment or entity; by default all.")] = "",
    as_json: AsJson = False,
) -> None:
    """Writes labels to a file, with who gave them when and what the model had said.

    Of such a file `monitor train` leaves out the fifth of the texts that judges what the retraining job trains.
    """
    from monitor.learning.data.label_files import export_labels
    from monitor.settings import load_settings
    from monitor.store.database import Database

    with errors_explained():
        wanted = _task(task) if task else None
        with Database.open(load_settings().store_url) as database:
            count = export_labels(database, file, wanted)
        if as_json:
            print_json({"labels": count, "file": str(file)})
        else:
            say(f"{count} labels written: {file}")


def stats(as_json: AsJson = False) -> None:
    """What is labelled: by task, label and author, and where models and authors differ."""
    from monitor.learning.data.label_statistics import label_statistics
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from monitor.store.labels import read_conflicts

    with errors_explained(), Database.open(load_settings().store_url) as database:
        statistics = label_statistics(database)
        if as_json:
            print_json(msgspec.to_builtins(statistics))
            return
        with database.read() as connection:
            conflicts = read_conflicts(connection, _CONFLICTS_SHOWN)
        _print_statistics(statistics, conflicts)


def _task(written: str) -> LabelTask:
    from monitor.errors import InputError
    from monitor.learning.data.label import LABEL_TASKS

    for task in LABEL_TASKS:
        if written == task:
            return task
    raise InputError(f"--task is {written!r}.", f"Give one of: {', '.join(LABEL_TASKS)}.")


def _print_statistics(statistics: LabelStatistics, conflicts: list[Label]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if statistics.newest_at is None:
        results.print("There are none yet: monitor labels import, or the dashboard.")
        return
    newest = f"{statistics.newest_at:%Y-%m-%d %H:%M} UTC"
    results.print(f"{statistics.labels:,} labels of {statistics.texts:,} texts, the newest of {newest}.")
    for task, figures in statistics.tasks.items():
        table = Table("label", "count", title=f"{task}: {figures.total:,}")
        for name, count in figures.by_label.items():
            table.add_row(escape(name), f"{count:,}")
        results.print(table)
        authors = ", ".join(f"{author} {count:,}" for author, count in figures.by_author.items())
        results.print(f"Authors: {authors}", markup=False)
        if figures.asked:
            share = figures.differing / figures.asked
            results.print(f"{figures.differing:,} of {figures.asked:,} differ from what the model said ({share:.0%}).")
        if figures.conflicts:
            results.print(f"Authors differ on {figures.conflicts:,} of the texts.")
    for label in conflicts:
        toward = f" toward {label.entity}" if label.entity else ""
        results.print(f"{label.author}: {label.label}{toward}: {label.text[:_TEXT_SHOWN]}", markup=False)
