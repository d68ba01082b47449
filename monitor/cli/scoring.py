"""`monitor classify`, `monitor evaluate`: models at work and on trial."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from monitor.cli.output import errors_explained, print_json, say

if TYPE_CHECKING:
    from monitor.classify.engine import Engine
    from monitor.classify.labels import Task
    from monitor.classify.linking import Linker

_PANEL = "Models"
TASKS: dict[str, Task] = {"sentiment": "sentiment", "topic": "topic", "entity": "entity"}
_BATCH = 256

ModelOption = Annotated[
    str,
    typer.Option(
        help="A grade, a folder (./fast where it is called as a grade), or a version of the registry "
        "(monitor models list); by default what is set to serve."
    ),
]


class _Row(NamedTuple):
    """A text as the model reads it, and how many characters of it are its headline."""

    identity: str
    text: str
    title_length: int


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(classify)
    app.command(rich_help_panel=_PANEL)(evaluate)


def classify(
    file: Annotated[
        str,
        typer.Argument(help="CSV, JSONL or Parquet file, possibly gzipped; - for lines of text from standard input."),
    ] = "-",
    text_column: Annotated[
        str, typer.Option(help="Column with the text; by default the first of: headline, title, text.")
    ] = "",
    body_column: Annotated[str, typer.Option(help="Column with more text, read after it.")] = "",
    id_column: Annotated[
        str, typer.Option(help="Column whose value becomes the id; by default the row's number.")
    ] = "",
    file_format: Annotated[
        str, typer.Option("--format", help="csv, jsonl or parquet; by default the name tells.")
    ] = "auto",
    model: ModelOption = "",
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Add each text's embedding: numbers whose dot product is likeness.")
    ] = False,
) -> None:
    """Gives every text its topic, sentiment and the companies it names: one JSON object a line on standard output."""
    from monitor.classify.linking import Linker
    from monitor.settings import load_settings

    with errors_explained():
        engine = _engine(model)
        linker = Linker.open(load_settings().classify.companies_file)
        texts: Iterator[_Row | None] = (
            _lines() if file == "-" else _rows(Path(file), file_format, text_column, body_column, id_column)
        )
        failures = 0
        while batch := list(islice(texts, _BATCH)):
            rows = [row for row in batch if isinstance(row, _Row)]
            failures += len(batch) - len(rows)
            _print_scores(engine, linker, rows, embeddings)
        if failures:
            say(f"{failures} rows could not be read and are left out.")


def evaluate(
    data: Annotated[Path, typer.Option(help="CSV, JSONL or Parquet file with texts and labels.")],
    text_column: Annotated[str, typer.Option(help="Column with the text.")],
    label_column: Annotated[str, typer.Option(help="Column with the label.")],
    task: Annotated[str, typer.Option(help="sentiment or topic of the text, or entity: the sentiment toward one.")],
    entity_column: Annotated[
        str, typer.Option(help="With --task entity: column with the company or asset, as the text names it.")
    ] = "",
    labels: Annotated[
        str, typer.Option(help="What the file's labels mean: 'raw=name,raw=name'; by default they are the names.")
    ] = "",
    model: ModelOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Judges the model on labelled texts: accuracy, macro and weighted F1, calibration error, each class.

    An entity is looked for in its text as whole words, whatever their case, and the first place is taken; where it is
    not found, or stands behind what the model reads, the row is judged by the text's own sentiment and counted as
    not_located.
    """
    from monitor.errors import InputError
    from monitor.learning.data.examples import parse_label_map
    from pipelines.evaluate import evaluate_entities, evaluate_file

    with errors_explained():
        if task not in TASKS:
            raise InputError(f"--task is {task!r}.", f"Give one of: {', '.join(TASKS)}.")
        if (task == "entity") != bool(entity_column):
            raise InputError("--task entity and --entity-column belong together.", "Give both or neither.")
        label_map = parse_label_map(labels) if labels else {}
        if task == "entity":
            report, lost = evaluate_entities(
                data,
                text_column=text_column,
                entity_column=entity_column,
                label_column=label_column,
                label_map=label_map,
                engine=_engine(model),
            )
            figures = report.as_json() | {"not_located": lost}
        else:
            figures = evaluate_file(
                data,
                text_column=text_column,
                label_column=label_column,
                task=TASKS[task],
                label_map=label_map,
                engine=_engine(model),
            ).as_json()
        if as_json:
            print_json(figures)
        else:
            print_report(figures)


def _engine(model: str) -> Engine:
    from monitor.classify.choosing import open_engine
    from monitor.settings import load_settings
    from pipelines.finding_models import find_model

    settings = load_settings()
    return open_engine(find_model(settings, model), threads=settings.classify.threads)


def _lines() -> Iterator[_Row]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        yield _row(str(number), line.decode("utf-8", "replace"))


def _rows(path: Path, given: str, text: str, body: str, identity: str) -> Iterator[_Row | None]:
    """The rows of a file; None for one that cannot be read."""
    from monitor.ingest.sources.columns import guessed_columns
    from monitor.ingest.sources.files import file_format, read_items

    kind = file_format(path, given)
    columns = guessed_columns(path, kind, text=text, body=body, id_=identity)
    for number, item in enumerate(read_items(path, kind, columns), 1):
        fields = item.fields
        if fields is None or not isinstance(fields.get(columns.text), str):
            say(f"{item.position}: {item.fault or 'it holds no text'}.")
            yield None
            continue
        own = fields.get(identity) if identity else None
        name = str(number) if own is None or own == "" else str(own)
        yield _row(name, str(fields[columns.text]), str(fields.get(body) or "") if body else "")


def _row(identity: str, title: str, body: str = "") -> _Row:
    from monitor.classify.text import prepare_text

    return _Row(identity, prepare_text(title, body), len(prepare_text(title)))


def _print_scores(engine: Engine, linker: Linker, rows: list[_Row], embeddings: bool) -> None:
    import msgspec

    texts = [row.text for row in rows]
    scores = engine.classify(texts)
    mentions = linker.link(texts, [row.title_length for row in rows], scores, engine)
    topics, sentiments = engine.labels.names("topic"), engine.labels.sentiments
    for place, row in enumerate(rows):
        answer: dict[str, Any] = {
            "id": row.identity,
            "topic": topics[int(scores.topics[place])],
            "topic_probabilities": dict(zip(topics, scores.topic_probabilities[place].tolist(), strict=True)),
            "sentiment": sentiments[int(scores.sentiments[place])],
            "sentiment_probabilities": dict(
                zip(sentiments, scores.sentiment_probabilities[place].tolist(), strict=True)
            ),
            "mentions": [
                msgspec.structs.asdict(mention) | {"sentiment": mention.sentiment} for mention in mentions[place]
            ],
            "model_version": engine.model_version,
        }
        if embeddings:
            answer["embedding"] = [round(float(number), 6) for number in scores.embeddings[place]]
        print_json(answer)


def print_report(figures: dict[str, Any]) -> None:
    """Shows the figures of one set, as `Report.as_json` gives them."""
    from rich.table import Table

    from monitor.cli.output import cell, results

    plain = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    results.print(
        "  ".join(
            f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}" for name, value in plain.items()
        )
    )
    table = Table("class", "precision", "recall", "F1", "support")
    for name, found in figures["per_class"].items():
        table.add_row(
            cell(name), *(f"{found[key]:.3f}" for key in ("precision", "recall", "f1")), str(found["support"])
        )
    results.print(table)
