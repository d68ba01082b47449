"""`monitor classify`, `monitor evaluate`, `monitor train-base`: models at work, on trial and in the making."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.cli.output import errors_explained, log_to_stderr, print_json, say

if TYPE_CHECKING:
    from monitor.classify.openvino_engine import OpenVinoEngine

_PANEL = "Models"
TASKS: dict[str, Literal["sentiment", "topic"]] = {"sentiment": "sentiment", "topic": "topic"}
_BATCH = 256


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(classify)
    app.command(rich_help_panel=_PANEL)(evaluate)
    app.command(rich_help_panel=_PANEL)(train_base)


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
) -> None:
    """Gives every text its topic and sentiment: one JSON object a line on standard output."""
    with errors_explained():
        engine = _engine()
        texts = _lines() if file == "-" else _rows(Path(file), file_format, text_column, body_column, id_column)
        failures = 0
        while batch := list(islice(texts, _BATCH)):
            failures += sum(text is None for _, text in batch)
            _print_scores(engine, [(identity, text) for identity, text in batch if text is not None])
        if failures:
            say(f"{failures} rows could not be read and are left out.")


def evaluate(
    data: Annotated[Path, typer.Option(help="CSV, JSONL or Parquet file with texts and labels.")],
    text_column: Annotated[str, typer.Option(help="Column with the text.")],
    label_column: Annotated[str, typer.Option(help="Column with the label.")],
    task: Annotated[str, typer.Option(help="sentiment or topic.")],
    labels: Annotated[
        str, typer.Option(help="What the file's labels mean: 'raw=name,raw=name'; by default they are the names.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Judges the model on labelled texts: accuracy, macro and weighted F1, calibration error, each class."""
    from monitor.errors import InputError
    from monitor.learning.examples import parse_label_map
    from pipelines.evaluate import evaluate_file

    with errors_explained():
        if task not in TASKS:
            raise InputError(f"--task is {task!r}.", f"Give one of: {', '.join(TASKS)}.")
        report = evaluate_file(
            data,
            text_column=text_column,
            label_column=label_column,
            task=TASKS[task],
            label_map=parse_label_map(labels),
            engine=_engine(),
        ).as_json()
        if as_json:
            print_json(report)
        else:
            _print_report(report)


def train_base(
    data: Annotated[Path, typer.Option(help="Folder with the labelled sets tfns/ and tftopic/.")],
    out: Annotated[Path, typer.Option(help="Folder for the finished model.")],
) -> None:
    """Rebuilds the shipped model and its card: fine-tunes, calibrates, quantises, judges. Needs the extra `train`."""
    from pipelines.train import train_shipped

    log_to_stderr()
    with errors_explained():
        train_shipped(data, out)
        say(f"Written: {out}")


def _engine() -> OpenVinoEngine:
    from monitor.classify.openvino_engine import OpenVinoEngine
    from monitor.settings import load_settings
    from pipelines.stages import model_folder

    settings = load_settings()
    return OpenVinoEngine(model_folder(settings), threads=settings.classify.threads)


def _lines() -> Iterator[tuple[str, str | None]]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        yield str(number), line.decode("utf-8", "replace").strip()


def _rows(path: Path, given: str, text: str, body: str, identity: str) -> Iterator[tuple[str, str | None]]:
    from monitor.classify.text import prepare_text
    from monitor.ingest.columns import guessed_columns
    from monitor.ingest.files import file_format, read_items

    kind = file_format(path, given)
    columns = guessed_columns(path, kind, text=text, body=body, id_=identity)
    for number, item in enumerate(read_items(path, kind, columns), 1):
        fields = item.fields
        if fields is None or not isinstance(fields.get(columns.text), str):
            say(f"{item.position}: {item.fault or 'it holds no text'}.")
            yield str(number), None
            continue
        name = str(fields.get(identity) or number) if identity else str(number)
        yield name, prepare_text(str(fields[columns.text]), str(fields.get(body) or "") if body else "")


def _print_scores(engine: OpenVinoEngine, rows: list[tuple[str, str]]) -> None:
    scores = engine.classify([text for _, text in rows])
    topics, sentiments = engine.labels.topics, engine.labels.sentiments
    for place, (identity, _) in enumerate(rows):
        print_json(
            {
                "id": identity,
                "topic": topics[int(scores.topics[place])],
                "topic_probabilities": dict(zip(topics, scores.topic_probabilities[place].tolist(), strict=True)),
                "sentiment": sentiments[int(scores.sentiments[place])],
                "sentiment_probabilities": dict(
                    zip(sentiments, scores.sentiment_probabilities[place].tolist(), strict=True)
                ),
                "model_version": engine.model_version,
            }
        )


def _print_report(report: Any) -> None:
    import msgspec
    from rich.table import Table

    from monitor.cli.output import results

    plain = msgspec.to_builtins(report)
    per_class = plain.pop("per_class")
    results.print(
        "  ".join(
            f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}" for name, value in plain.items()
        )
    )
    table = Table("class", "precision", "recall", "F1", "support")
    for name, figures in per_class.items():
        table.add_row(name, *(f"{figures[key]:.3f}" for key in ("precision", "recall", "f1")), str(figures["support"]))
    results.print(table)
