"""`monitor entities`: the companies that a text names, those that no list knows, and what analysts decide on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import cell, errors_explained, person_here, print_json, results, say

if TYPE_CHECKING:
    from monitor.entities.gazetteer import Gazetteer
    from monitor.entities.matching import Match
    from monitor.settings import Settings
    from monitor.store.database import Database
    from monitor.store.entities import Decision
    from pipelines.entities import Explained

_PANEL = "Results"
_SHOWN = 50

EntityId = Annotated[str, typer.Argument(help="Its id; ~ may be left out.")]
Why = Annotated[str, typer.Option(help="One sentence for others.")]
By = Annotated[str, typer.Option(help="Who decides; by default the user of this machine.")]
Person = Annotated[str, typer.Option(help="Whose watchlist; by default that of the user of this machine.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many are shown.")]
AsJson = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    entities = typer.Typer(no_args_is_help=True, help="Companies in the news: known ones, new ones, watched ones.")
    entities.command("match")(match)
    entities.command("list")(list_entities)
    entities.command("merge")(merge)
    entities.command("confirm")(confirm)
    entities.command("watch")(watch)
    app.add_typer(entities, name="entities", rich_help_panel=_PANEL)


def match(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; else one a line from --file.")] = None,
    file: Annotated[Path | None, typer.Option(help="File with a text a line; - for standard input.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Show what was refused as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Shows which known companies texts name, and why they are believed to be meant."""
    from monitor.entities.gazetteer import load_gazetteer
    from monitor.entities.matching import Matcher, Verdict
    from monitor.settings import load_settings
    from pipelines.entities import explain_texts
    from pipelines.finding_models import find_model

    with errors_explained():
        settings = load_settings()
        matcher = Matcher(load_gazetteer(settings.classify.companies_file))
        folder = find_model(settings)
        explained = explain_texts(matcher, _texts(texts, file), folder, settings.classify.threads)
        for one in explained:
            shown = [found for found in one.matches if refused or found.verdict is Verdict.ACCEPTED]
            if as_json:
                print_json({"text": one.text, "matches": shown})
            else:
                _print_text(one, shown)


def list_entities(
    status: Annotated[str, typer.Option(help="provisional, confirmed or merged; all by default.")] = "",
    text: Annotated[str, typer.Option(help="Only those whose name or id holds it, whatever its case.")] = "",
    listed: Annotated[bool, typer.Option("--listed", help="The companies of the list instead.")] = False,
    limit: Limit = _SHOWN,
    as_json: AsJson = False,
) -> None:
    """Entities that no list knows, those with the most articles first."""
    from monitor.errors import InputError
    from monitor.store.entities import read_entities

    with errors_explained(), _desk() as desk:
        if status not in ("", "provisional", "confirmed", "merged"):
            raise InputError(f"There is no status {status!r}.", "Take provisional, confirmed or merged.")
        if listed:
            _print_listed(desk.gazetteer, text, limit, as_json)
            return
        with desk.database.read() as connection:
            found = read_entities(connection, status or None, text=text, limit=limit)  # type: ignore[arg-type]
        if as_json:
            print_json({"entities": found})
            return
        for entity in found:
            into = f" → {cell(entity.merged_into)}" if entity.merged_into else ""
            results.print(f"{entity.articles:>6}  {entity.status:<11}  {cell(entity.id)}{into}  ({cell(entity.name)})")
        if not found:
            say("None.")


def merge(
    entity: Annotated[str, typer.Argument(help="The one that goes; empty with --auto.")] = "",
    into: Annotated[str, typer.Argument(help="The one that stays: an id of the list or of the store.")] = "",
    auto: Annotated[bool, typer.Option("--auto", help="Merge all that follow from their names alone.")] = False,
    why: Why = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Says that two entities are the same; without arguments shows which look alike.

    All that was counted of the one that goes, its alerts included, becomes the other's for good as soon as the counter
    takes the merge in.
    """
    from monitor.clock import system_clock
    from monitor.errors import InputError
    from monitor.store.entities import merge_entity
    from pipelines.entities import apply_certain, find_entity, propose_merges

    with errors_explained(), _desk() as desk:
        if bool(entity) != bool(into):
            raise InputError("One entity cannot be merged alone.", "Name the one that goes and the one that stays.")
        if entity:
            with desk.database.write() as connection:
                going, staying = (find_entity(connection, desk.gazetteer, wanted).id for wanted in (entity, into))
                merge_entity(connection, going, staying, desk.decision(by, why))
            done = {"merged": [{"entity": going, "into": staying}]}
            print_json(done) if as_json else say(
                f"{going} is {staying} from now on. All that was counted of it becomes that of {staying} for good as "
                "soon as the counter takes the merge in; monitor entities confirm ends it for later articles."
            )
            return
        proposals = propose_merges(desk.database, desk.gazetteer)
        merged = apply_certain(desk.database, proposals, system_clock()) if auto else []
        if as_json:
            print_json({"merged": merged, "proposed": [one for one in proposals if one not in merged]})
            return
        for one in proposals:
            state = "merged" if one in merged else "certain" if one.certain else "alike"
            results.print(f"{state:<8} {cell(one.entity)} → {cell(one.into)}  ({cell(one.reason)})")
        if not proposals:
            say("No two entities look alike.")


def confirm(entity: EntityId, why: Why = "", by: By = "", as_json: AsJson = False) -> None:
    """Says that an entity is one of its own; ends a merge.

    What the counter has given the other one of the two stays with that for good; articles that come later count apart.
    """
    from monitor.store.entities import confirm_entity, read_entity
    from pipelines.entities import find_entity

    with errors_explained(), _desk() as desk:
        with desk.database.write() as connection:
            identifier = find_entity(connection, desk.gazetteer, entity).id
            before = read_entity(connection, identifier)
            confirm_entity(connection, identifier, desk.decision(by, why))
        other = before.merged_into if before else ""
        stays = f" It was {other} until now: what was counted as that stays so." if other else ""
        print_json({"confirmed": identifier}) if as_json else say(f"{identifier} is confirmed.{stays}")


def watch(
    entities: Annotated[list[str] | None, typer.Argument(help="Ids to put on the list; none: show it.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take them off instead.")] = False,
    person: Person = "",
    as_json: AsJson = False,
) -> None:
    """Shows or changes a person's watchlist."""
    from monitor.clock import system_clock
    from monitor.store import entities as store
    from pipelines.entities import find_entity

    with errors_explained(), _desk() as desk:
        whose = person or person_here()
        with desk.database.write() as connection:
            for wanted in entities or ():
                identifier = find_entity(connection, desk.gazetteer, wanted).id
                if remove:
                    store.unwatch(connection, whose, identifier)
                else:
                    store.watch(connection, whose, identifier, system_clock())
            watched = store.read_watchlist(connection, whose)
        if as_json:
            print_json({"person": whose, "entities": watched})
            return
        for identifier in watched:
            results.print(identifier, markup=False)
        if not watched:
            say(f"{whose} watches nothing yet.")


@dataclass(frozen=True)
class _Desk:
    """The store and the list of companies."""

    settings: Settings
    database: Database
    gazetteer: Gazetteer

    def decision(self, by: str, why: str) -> Decision:
        """A decision of now."""
        from monitor.clock import system_clock
        from monitor.store.entities import Decision

        return Decision(by=by or person_here(), at=system_clock(), why=why)


@contextmanager
def _desk() -> Iterator[_Desk]:
    from monitor.entities.gazetteer import load_gazetteer
    from monitor.settings import load_settings
    from monitor.store.database import Database

    settings = load_settings()
    with Database.open(settings.store_url) as database:
        yield _Desk(settings, database, load_gazetteer(settings.classify.companies_file))


def _texts(texts: list[str] | None, file: Path | None) -> list[str]:
    from monitor.errors import InputError

    if file is None:
        given = texts or []
    else:
        try:
            lines = typer.get_text_stream("stdin") if str(file) == "-" else file.read_text(encoding="utf-8").split("\n")
            given = [line.strip() for line in lines if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: cannot be read: {error}.", "Give a UTF-8 file with a text a line.") from error
    if not given:
        raise InputError("There is no text.", "Give texts as arguments, or --file.")
    return given


def _print_text(one: Explained, shown: Sequence[Match]) -> None:
    results.print(one.text, markup=False, style="bold")
    for found in shown:
        surface = one.text[found.start : found.end]
        results.print(f"  {found.verdict:<9} {found.entity}  {surface!r}", markup=False)
        for reason in found.reasons:
            results.print(f"            {reason.weight:+5.2f}  {reason.reason}", markup=False)
    if not shown:
        results.print("  names no known company")


def _print_listed(gazetteer: Gazetteer, text: str, limit: int, as_json: bool) -> None:
    wanted = text.casefold()
    found = [one for one in gazetteer if wanted in one.name.casefold() or wanted in one.id][:limit]
    if as_json:
        print_json({"entities": found})
        return
    for one in found:
        results.print(cell(one.id), cell(one.name), cell(" ".join(one.tickers[:2])), cell(one.country), sep="  ")
