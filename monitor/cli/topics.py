"""`monitor topics`: topics of one's own beside those of the model, from a handful of examples or a description."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.output import cell, errors_explained, log_to_stderr, person_here, print_json, results, say

if TYPE_CHECKING:
    from monitor.learning.versions.registry import Registry
    from monitor.learning.versions.version import ModelVersion
    from monitor.settings import Settings
    from pipelines.topics import Proposal

_PANEL = "Models"

Name = Annotated[str, typer.Argument(help="As charts and alerts name the topic.")]
Description = Annotated[str, typer.Option(help="What it is about: one sentence of three words or more.")]
Examples = Annotated[
    Path | None,
    typer.Option(help="File of 8 to 64 texts of the topic: CSV, JSONL, Parquet, or .txt with a text a line."),
]
Counterexamples = Annotated[Path | None, typer.Option(help="File of texts that look like the topic and are not.")]
TextColumn = Annotated[str, typer.Option(help="Column with the text; by default the first of: headline, title, text.")]
Share = Annotated[float | None, typer.Option(help="Share of all stories that belong to it; estimated by default.")]
Model = Annotated[str, typer.Option(help="A grade, a version or a folder; by default what classify.model says.")]
Promote = Annotated[bool, typer.Option("--promote", help="Make the new version the champion of its grade at once.")]
Note = Annotated[str, typer.Option(help="One sentence for people.")]
AsJson = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    topics = typer.Typer(no_args_is_help=True, help="Topics of your own: try, add, list and remove them.")
    topics.command("try")(try_topic)
    topics.command("add")(add)
    topics.command("list")(list_topics)
    topics.command("remove")(remove)
    app.add_typer(topics, name="topics", rich_help_panel=_PANEL)


def try_topic(
    name: Name,
    description: Description,
    examples: Examples = None,
    counterexamples: Counterexamples = None,
    text_column: TextColumn = "",
    share: Share = None,
    model: Model = "",
    shown: Annotated[int, typer.Option(min=1, max=200, help="How many recent texts are shown.")] = 15,
    as_json: AsJson = False,
) -> None:
    """Shows which recent texts a new topic would take, and how sure that is. Nothing is stored."""
    with errors_explained(), _bench(model) as bench:
        proposal = bench.propose(name, description, examples, counterexamples, text_column, share, shown)
        if as_json:
            print_json(_summary(proposal))
        else:
            _print(proposal)


def add(
    name: Name,
    description: Description,
    examples: Examples = None,
    counterexamples: Counterexamples = None,
    text_column: TextColumn = "",
    share: Share = None,
    model: Model = "",
    promote: Promote = False,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Stores a model version with one topic more; nothing is trained, and its other answers stay as they are."""
    from pipelines.topics import add_topic

    log_to_stderr()
    with errors_explained(), _bench(model) as bench:
        proposal = bench.propose(name, description, examples, counterexamples, text_column, share, 15)
        topic = proposal.topic.name
        version = add_topic(bench.registry, bench.folder, proposal, note or f"Topic {topic} added.")
        bench.conclude(version, promote, f"Topic {topic} added.")
        if as_json:
            print_json(_summary(proposal) | {"version": version.id, "parent": version.parent, "promoted": promote})
        else:
            _print_expected(proposal)


def list_topics(model: Model = "", as_json: AsJson = False) -> None:
    """The topics of a model: its own, and those that were added, with what they were made of."""
    from rich.markup import escape
    from rich.table import Table

    from monitor.classify.added_topics import load_added_topics
    from monitor.classify.labels import Labels
    from monitor.classify.manifest import load_manifest
    from monitor.classify.topic_descriptions import TOPIC_DESCRIPTIONS
    from monitor.settings import load_settings
    from pipelines.finding_models import find_model

    with errors_explained():
        folder = find_model(load_settings(), model)
        manifest = load_manifest(folder, Labels())
        added = load_added_topics(folder, manifest).topics
        rows = [
            {"name": own, "description": TOPIC_DESCRIPTIONS.get(own, ""), "origin": "model", "examples": 0}
            for own in manifest.labels.topics
        ] + [
            {"name": topic.name, "description": topic.description, "origin": topic.origin, "examples": topic.examples}
            for topic in added
        ]
        if as_json:
            print_json({"model_version": manifest.model_version, "topics": rows})
            return
        table = Table("topic", "made of", "description", title=manifest.model_version)
        for row in rows:
            made_of = f"{row['examples']} examples" if row["origin"] == "examples" else str(row["origin"])
            table.add_row(escape(str(row["name"])), made_of, escape(str(row["description"])))
        results.print(table)


def remove(name: Name, model: Model = "", promote: Promote = False, note: Note = "", as_json: AsJson = False) -> None:
    """Stores a model version without an added topic."""
    from pipelines.topics import remove_topic

    log_to_stderr()
    with errors_explained(), _bench(model) as bench:
        version = remove_topic(bench.registry, bench.folder, name, note or f"Topic {name} removed.")
        bench.conclude(version, promote, f"Topic {name} removed.", removed=name)
        if as_json:
            print_json({"version": version.id, "parent": version.parent, "promoted": promote})


@dataclass(frozen=True)
class _Bench:
    """A model on this machine, and what is needed to make another version of it."""

    settings: Settings
    folder: Path
    registry: Registry
    champion: ModelVersion | None
    """Of its grade, when the model was chosen; None while it had none."""

    def propose(
        self,
        name: str,
        description: str,
        examples: Path | None,
        counterexamples: Path | None,
        text_column: str,
        share: float | None,
        shown: int,
    ) -> Proposal:
        """Checks what was given before a model is loaded, then measures it."""
        from monitor.classify.choosing import open_engine
        from monitor.classify.labels import Labels
        from monitor.classify.manifest import load_manifest
        from monitor.clock import system_clock
        from monitor.store.database import Database
        from pipelines.topic_requests import read_request, require_free_name
        from pipelines.topics import propose, read_background

        request = read_request(
            name,
            description,
            examples=examples,
            counterexamples=counterexamples,
            text_column=text_column,
            share=share,
            languages=self.settings.classify.languages,
        )
        require_free_name(request.name, load_manifest(self.folder, Labels()).topics)
        engine = open_engine(self.folder, threads=self.settings.classify.threads)
        with Database.open(self.settings.store_url) as database:
            background = read_background(database, system_clock())
        return propose(engine, request, background, shown)

    def conclude(self, version: ModelVersion, promote: bool, why: str, removed: str = "") -> None:
        """Promotes where that is asked for, and says what was done.

        Raises:
            StoreError: The champion is another by now: its topics would be lost.
        """
        from monitor.cli.modelling import say_lacking

        if promote:
            self.registry.promote(version.id, why, person_here(), over=self.champion.id if self.champion else "")
            say(f"{version.id} is the champion of {version.grade} now. monitor models rollback undoes it.")
        else:
            say(f"Stored: {version.id}. To make it serve: monitor models promote {version.id}")
        say_lacking(version, self.champion, removed)


@contextmanager
def _bench(model: str) -> Iterator[_Bench]:
    from monitor.classify.labels import Labels
    from monitor.classify.manifest import load_manifest
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from monitor.store.models import read_aliases
    from pipelines.finding_models import find_model
    from pipelines.registry import open_registry

    settings = load_settings()
    with Database.open(settings.store_url) as database:
        # Read before the model is looked for: one that is promoted between the two is another than this, then.
        with database.read() as connection:
            bearers = read_aliases(connection)
        folder, registry = find_model(settings, model), open_registry(settings, database)
        champion = bearers.get((load_manifest(folder, Labels()).grade, "champion"))
        yield _Bench(settings, folder, registry, registry.get(champion) if champion else None)


def _summary(proposal: Proposal) -> dict[str, object]:
    topic = proposal.topic
    return {
        "topic": topic.name,
        "description": topic.description,
        "made_of": topic.origin,
        "examples": topic.examples,
        "expected": proposal.expected,
        "background": {"origin": proposal.background.origin, "texts": len(proposal.background.texts)},
        "nearest": proposal.nearest,
        "examples_now": dict(proposal.own),
    }


def _print(proposal: Proposal) -> None:
    from rich.markup import escape
    from rich.table import Table

    from monitor.learning.topics.making import APPLIES_FROM

    table = Table("probability", "text", "topic now", title=f"Nearest to {escape(proposal.topic.name)}")
    above = sum(candidate.probability >= APPLIES_FROM for candidate in proposal.nearest)
    for place, candidate in enumerate(proposal.nearest, 1):
        table.add_row(
            f"{candidate.probability:.3f}",
            cell(candidate.text, 110),
            escape(candidate.topic),
            end_section=place == above,
        )
    results.print(table)
    results.print(
        f"It takes texts from a probability of {APPLIES_FROM:g}: "
        + (
            "all that are shown."
            if above == len(proposal.nearest)
            else "those above the line."
            if above
            else "none yet."
        )
    )
    _print_expected(proposal)
    if not proposal.expected.taken:
        results.print("It would take no text of the background: examples nearer to recent news may help.")


def _print_expected(proposal: Proposal) -> None:
    expected, background = proposal.expected, proposal.background
    made_of = f"{proposal.topic.examples} examples" if proposal.topic.examples else "its description alone"
    source = {"store": "recent stories", "demo": "invented headlines of the demo"}.get(
        background.origin, "recent stories and invented headlines of the demo"
    )
    results.print(f"Made of {made_of}, measured on {len(background.texts):,} {source}.", markup=False)
    precision = "unknown" if expected.precision is None else f"{expected.precision:.0%}"
    share = f"{expected.share:.1%} ({'as given' if expected.share_given else 'estimated, to a factor of about two'})"
    results.print(f"Share of all texts: {share}. Expected precision {precision}, recall {expected.recall:.0%}.")
    if proposal.own:
        listed = ", ".join(f"{name} {count}" for name, count in proposal.own[:5])
        results.print(f"The examples' topics without it: {listed}.", markup=False)
    if background.origin != "store":
        say("There are too few recent stories to measure on: after some days of news, try it again.")
