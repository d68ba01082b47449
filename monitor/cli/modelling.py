"""`monitor models`: the registry of model versions, and which of them serves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.output import errors_explained, log_to_stderr, person_here, print_json, results, say

if TYPE_CHECKING:
    from monitor.learning.versions.comparison import Comparison, Pair
    from monitor.learning.versions.registry import Registry
    from monitor.learning.versions.version import AliasChange, Judgement, ModelVersion
    from monitor.store.database import Database

_PANEL = "Models"
_DEFAULT_GRADE = "fast"
_HISTORY_ROWS = 10

AsJson = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
Grade = Annotated[str, typer.Option(help="Which grade's champion is meant.")]
Why = Annotated[str, typer.Option(help="One sentence for the history.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    models = typer.Typer(no_args_is_help=True, help="Model versions: what there is, what serves, what served before.")
    models.command("list")(list_versions)
    models.command()(show)
    models.command()(diff)
    models.command()(add)
    models.command()(promote)
    models.command()(rollback)
    models.command()(prune)
    app.add_typer(models, name="models", rich_help_panel=_PANEL)


def list_versions(
    grade: Annotated[str, typer.Option(help="Only versions of this grade.")] = "", as_json: AsJson = False
) -> None:
    """Every version, newest first, and which is champion or candidate."""
    from rich.markup import escape
    from rich.table import Table

    from monitor.store.models import read_aliases

    with errors_explained(), _opened() as (database, registry):
        versions = registry.versions(grade or None)
        with database.read() as connection:
            bearers = read_aliases(connection)
        rows = [
            _summary(version, [alias for (_, alias), bearer in bearers.items() if bearer == version.id])
            for version in versions
        ]
        if as_json:
            print_json({"versions": rows})
            return
        if not rows:
            results.print("There are none; the models that ship with the monitor serve.")
            return
        table = Table()
        table.add_column("version", no_wrap=True)
        for name in ("role", "origin"):
            table.add_column(name, no_wrap=True)
        for name in ("added", "parent", "note"):
            table.add_column(name, overflow="fold")
        for row, version in zip(rows, versions, strict=True):
            role = ", ".join(row["aliases"])
            added = f"{version.created_at:%Y-%m-%d %H:%M}"
            table.add_row(version.id, role, version.origin, added, version.parent, escape(version.note))
        results.print(table)


def show(
    version: Annotated[str, typer.Argument(help="An id or its beginning, champion, or candidate.")],
    grade: Grade = _DEFAULT_GRADE,
    as_json: AsJson = False,
) -> None:
    """All about one version: figures, recipe, data, judgements, and when it served."""
    from monitor.store.models import read_aliases, read_changes, read_judgements

    with errors_explained(), _opened() as (database, registry):
        found = registry.find(version, grade)
        with database.read() as connection:
            aliases = [alias for (_, alias), bearer in read_aliases(connection).items() if bearer == found.id]
            changes = [
                change for change in read_changes(connection, found.grade) if found.id in (change.before, change.after)
            ]
            judgements = read_judgements(connection, candidate=found.id)
        if as_json:
            print_json(
                _summary(found, aliases) | {"manifest": found.papers, "history": changes, "judgements": judgements}
            )
        else:
            _print_version(found, aliases, changes, judgements)


def diff(
    a: Annotated[str, typer.Argument(help="An id or its beginning, champion, or candidate.")],
    b: Annotated[str, typer.Argument(help="Likewise.")],
    grade: Grade = _DEFAULT_GRADE,
    as_json: AsJson = False,
) -> None:
    """Two versions side by side: figures with their differences, recipe, data, temperatures, labels."""
    from monitor.learning.versions.comparison import compare

    with errors_explained(), _opened() as (_, registry):
        comparison = compare(registry.find(a, grade), registry.find(b, grade))
        if as_json:
            print_json(comparison)
        else:
            _print_comparison(comparison)


def add(
    folder: Annotated[Path, typer.Argument(help="Holds manifest.json and the files it names.")],
    note: Annotated[str, typer.Option(help="One sentence, for people.")] = "",
    as_json: AsJson = False,
) -> None:
    """Takes a model into the registry; it serves once it is promoted."""
    with errors_explained(), _opened() as (_, registry):
        version = registry.add(folder, "imported", note=note)
        if as_json:
            print_json(_summary(version, []))
        else:
            say(f"Added: {version.id}. To make it serve: monitor models promote {version.id}")


def promote(
    version: Annotated[str, typer.Argument(help="An id or its beginning, or candidate.")],
    why: Why = "By hand.",
    grade: Grade = _DEFAULT_GRADE,
    as_json: AsJson = False,
) -> None:
    """Makes a version the champion of its grade; running classifiers take it up between two batches."""
    from monitor.store.models import read_judgements

    log_to_stderr()
    with errors_explained(), _opened() as (database, registry):
        found = registry.find(version, grade)
        champion = registry.champion(found.grade)
        stood = champion.id if champion else None
        with database.read() as connection:
            judged = read_judgements(connection, candidate=found.id, limit=1)
        registry.promote(found.id, why, person_here())
        # Where there was none, the shipped model has become the one before.
        before = stood if stood == found.id else registry.history(found.grade)[-1].before
        if judged and judged[0].verdict == "refused":
            say(
                f"Note: it was refused on {judged[0].at:%Y-%m-%d} ({judged[0].reason}). monitor models rollback undoes."
            )
        say_lacking(found, champion)
        if as_json:
            print_json({"grade": found.grade, "champion": found.id, "before": before})
        elif before == found.id:
            say(f"{found.id} is the champion of {found.grade} already.")
        else:
            say(f"{found.id} is the champion of {found.grade} now; before: {before or 'none'}.")


def rollback(grade: Grade = _DEFAULT_GRADE, why: Why = "By hand.", as_json: AsJson = False) -> None:
    """Makes the champion before this one the champion again; once more, and it is the one before that."""
    with errors_explained(), _opened() as (_, registry):
        before = registry.standing(grade).version
        version = registry.rollback(grade, why, person_here())
        if as_json:
            print_json({"grade": grade, "champion": version.id, "before": before})
        else:
            say(f"{version.id} is the champion of {grade} again; {before} serves no more.")


def prune(
    keep: Annotated[int, typer.Option(min=1, help="How many others stay, the newest of each grade.")],
    grade: Annotated[str, typer.Option(help="Only versions of this grade.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing; say what would be removed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Removes old versions that serve nothing: no champion, no candidate, none that a rollback can lead to."""
    with errors_explained(), _opened() as (_, registry):
        gone = [version.id for version in registry.prune(keep, grade or None, dry_run=dry_run)]
        if as_json:
            print_json({"removed": gone, "dry_run": dry_run})
            return
        for version_id in gone:
            results.print(version_id, markup=False)
        what = "would be removed" if dry_run else "removed"
        say(f"{len(gone)} {what}.")


def say_lacking(version: ModelVersion, champion: ModelVersion | None, removed: str = "") -> None:
    """Says which added topics of the champion a version takes out of service, but for one that is to go."""
    had = champion.added_topics if champion else []
    lacking = [name for name in had if name not in version.added_topics and name != removed]
    if champion and lacking:
        say(f"Note: it lacks the added topics {', '.join(lacking)} of {champion.id}.")


@contextmanager
def _opened() -> Iterator[tuple[Database, Registry]]:
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.registry import open_registry

    settings = load_settings()
    with Database.open(settings.store_url) as database:
        yield database, open_registry(settings, database)


def _summary(version: ModelVersion, aliases: list[Any]) -> dict[str, Any]:
    return {
        "id": version.id,
        "grade": version.grade,
        "aliases": sorted(aliases),
        "origin": version.origin,
        "parent": version.parent,
        "created_at": version.created_at,
        "data_fingerprint": version.data_fingerprint,
        "note": version.note,
        "metrics": version.metrics,
    }


def _print_version(
    version: ModelVersion, aliases: list[Any], changes: list[AliasChange], judgements: list[Judgement]
) -> None:
    from rich.markup import escape
    from rich.table import Table

    papers = version.papers
    results.print(f"{version.id}  {', '.join(sorted(aliases))}".rstrip(), markup=False)
    facts = Table(show_header=False)
    facts.add_column("what", no_wrap=True)
    facts.add_column("value", overflow="fold")
    facts.add_row("added", f"{version.created_at:%Y-%m-%d %H:%M} UTC, {version.origin}")
    facts.add_row("parent", version.parent or "none")
    facts.add_row("note", escape(version.note) or "none")
    facts.add_row("base model", str(papers.get("base_model", "")))
    facts.add_row("data", version.data_fingerprint)
    facts.add_row("temperatures", escape(_listed(papers.get("temperatures", {}))))
    facts.add_row("recipe", escape(_listed(papers.get("recipe", {}))))
    results.print(facts)
    table = Table("set", "figures", title="Figures")
    for name, figures in version.metrics.items():
        plain = figures if isinstance(figures, dict) else {}
        numbers = {key: _number(value) for key, value in plain.items() if isinstance(value, int | float)}
        table.add_row(escape(name), _listed(numbers))
    results.print(table)
    for judgement in judgements:
        against = judgement.champion or "no champion"
        line = f"{judgement.at:%Y-%m-%d %H:%M} {judgement.verdict} against {against}: {judgement.reason}"
        results.print(line, markup=False)
    for change in changes[-_HISTORY_ROWS:]:
        line = f"{change.at:%Y-%m-%d %H:%M} {change.alias} {change.kind}: {change.before or 'none'} to"
        results.print(f"{line} {change.after or 'none'} by {change.by}: {change.why}", markup=False)


def _print_comparison(comparison: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    results.print(f"a: {comparison.a}\nb: {comparison.b}", markup=False)
    table = Table("set", "figure", "a", "b", "b - a", title="Figures")
    for figure in comparison.metrics:
        if not figure.is_detail:
            difference = "" if figure.difference is None else f"{figure.difference:+.4f}"
            table.add_row(figure.set, figure.name, _number(figure.a), _number(figure.b), difference)
    results.print(table)
    same = comparison.data.a == comparison.data.b
    results.print("Trained on the same data." if same else "Trained on different data.")
    others: dict[str, dict[str, Pair]] = {
        "recipe": comparison.recipe,
        "temperature": comparison.temperatures,
        "manifest": comparison.papers,
    }
    settings = Table("what", "name", "a", "b", title="Settings")
    for what, pairs in others.items():
        for name, pair in pairs.items():
            settings.add_row(what, name, escape(str(pair.a)), escape(str(pair.b)))
    results.print(settings)
    for name, missing in (("a", comparison.only_a), ("b", comparison.only_b)):
        for head, labels in missing.items():
            results.print(f"Only {name} has the {head}: {', '.join(labels)}", markup=False)


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
