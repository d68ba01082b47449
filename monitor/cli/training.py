"""`monitor train`, `monitor export`: models in the making."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.cli.output import errors_explained, log_to_stderr, print_json, progress_bar, say
from monitor.cli.scoring import print_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.classify.labels import Task
    from monitor.learning.corpus import Columns
    from monitor.learning.recipe import Recipe
    from monitor.learning.tracking import Kind
    from monitor.learning.training import Progress
    from pipelines.train import Run
    from pipelines.training_files import LabelledFiles

_PANEL = "Models"
_DATA, _SPLIT, _HOW, _RESULT = "Data", "What validates", "How it is trained", "What becomes of it"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(train)
    app.command(rich_help_panel=_PANEL)(export)


def _option(text: str, panel: str, *names: str) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=panel)


_LABELS = "What the file's labels mean: 'raw=name,raw=name'; by default they are the names."


def train(
    data: Annotated[list[Path], _option("CSV, JSONL or Parquet file; may be repeated.", _DATA, "--data")],
    out: Annotated[Path, _option("Folder for the finished version; appears all at once.", _RESULT)],
    text_column: Annotated[str, _option("Column with the text.", _DATA)] = "text",
    topic_column: Annotated[str, _option("Column with the topic.", _DATA)] = "",
    sentiment_column: Annotated[str, _option("Column with the sentiment of the whole text.", _DATA)] = "",
    entity_column: Annotated[str, _option("Column with a company or asset, as the text names it.", _DATA)] = "",
    entity_sentiment_column: Annotated[str, _option("Column with the sentiment toward that.", _DATA)] = "",
    all_entities: Annotated[
        bool, _option("A text's rows name all of its companies and assets: teaches to find them.", _DATA)
    ] = False,
    task: Annotated[
        str, _option("Short form for one task, with --label-column: topic, sentiment or entity.", _DATA)
    ] = "",
    label_column: Annotated[str, _option("Column with the label of --task.", _DATA)] = "",
    labels: Annotated[str, _option(f"Of --task. {_LABELS}", _DATA)] = "",
    topic_labels: Annotated[str, _option(_LABELS, _DATA)] = "",
    sentiment_labels: Annotated[str, _option(_LABELS, _DATA)] = "",
    entity_labels: Annotated[str, _option(_LABELS, _DATA)] = "",
    time_column: Annotated[str, _option("Column with the time, for --split time.", _DATA)] = "",
    group_column: Annotated[str, _option("Column whose equal values stay together.", _DATA)] = "",
    validation: Annotated[
        list[Path] | None, _option("File of its own, of the same columns; may repeat.", _SPLIT)
    ] = None,
    validation_share: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of the texts, without a file.", rich_help_panel=_SPLIT)
    ] = 0.1,
    split: Annotated[
        Literal["time", "group"], _option("The newest, or whole groups of near-duplicates, at random.", _SPLIT)
    ] = "group",
    base: Annotated[str, _option("Encoder to start from; by default the small one, or the parent's.", _HOW)] = "",
    base_folder: Annotated[Path | None, _option("Where its files lie; by default they are looked for.", _HOW)] = None,
    parent: Annotated[str, _option("Version or folder whose weights to go on from.", _HOW, "--from")] = "",
    method: Annotated[str, _option("full, lora, adalora, prefix or bottleneck.", _HOW)] = "",
    optimizer: Annotated[str, _option("adamw or sgd.", _HOW)] = "",
    schedule: Annotated[str, _option("linear or plateau.", _HOW)] = "",
    epochs: Annotated[int | None, _option("Passes over the examples.", _HOW)] = None,
    patience: Annotated[int | None, _option("Epochs without a better loss before it stops.", _HOW)] = None,
    batch_size: Annotated[int | None, _option("Examples per forward pass.", _HOW)] = None,
    accumulation: Annotated[int | None, _option("Forward passes per step.", _HOW)] = None,
    learning_rate: Annotated[float | None, _option("Peak rate.", _HOW)] = None,
    seed: Annotated[int | None, _option("Of initialisation, order, dropout and split.", _HOW)] = None,
    precision: Annotated[str, _option("bf16, fp16 or fp32.", _HOW)] = "",
    settings: Annotated[
        list[str] | None, _option("name=value of any other setting of the recipe; may repeat.", _HOW, "--set")
    ] = None,
    threads: Annotated[int, _option("CPU threads; 0 for as many as there are cores.", _HOW)] = 0,
    tracker: Annotated[
        Literal["tensorboard", "wandb", "none"],
        _option("Who keeps its curves, below --run; wandb stays offline.", _RESULT),
    ] = "tensorboard",
    run: Annotated[Path | None, _option("Folder that keeps the state after every epoch.", _RESULT)] = None,
    resume: Annotated[bool, _option("Go on from that state.", _RESULT, "--resume")] = False,
    grade: Annotated[
        str, _option("Name of its family, such as fast; by default the parent's or base's.", _RESULT)
    ] = "",
    add: Annotated[bool, _option("Add it to the registry (monitor models list).", _RESULT, "--register")] = False,
    as_json: Annotated[bool, _option("End with one JSON object.", _RESULT, "--json")] = False,
) -> None:
    """Trains a model version on labelled files, calibrates it on what validates, and judges it. Needs the extra train.

    The labels are those of the monitor: 20 topics, 3 sentiments. A file's own labels are mapped onto them with
    'raw=name,raw=name'; models with label sets of their own are not made yet.
    """
    log_to_stderr()
    with errors_explained():
        from monitor.learning.corpus import Columns
        from pipelines.train import Run
        from pipelines.training_files import LabelledFiles, parse_settings

        places = Run(grade=grade, base_folder=base_folder, folder=run, resume=resume, threads=threads)
        changes: dict[str, Any] = {
            "base": base,
            "method": method,
            "optimizer": optimizer,
            "schedule": schedule,
            "epochs": epochs,
            "patience": patience,
            "batch_size": batch_size,
            "accumulation": accumulation,
            "learning_rate": learning_rate,
            "seed": seed,
            "precision": precision,
        }
        changes = {name: value for name, value in changes.items() if value not in ("", None)}
        changes |= parse_settings(settings or [])
        columns = Columns(
            text=text_column,
            topic=topic_column,
            sentiment=sentiment_column,
            entity=entity_column,
            entity_sentiment=entity_sentiment_column,
            time=time_column if split == "time" and not validation else "",
            group=group_column if not validation else "",
        )
        given: dict[Task, str] = {"topic": topic_labels, "sentiment": sentiment_labels, "entity": entity_labels}
        columns, maps = _short_form(columns, given, task, label_column, labels)
        files = LabelledFiles(
            data=tuple(data),
            columns=columns,
            label_maps=_parsed(maps),
            all_entities=all_entities,
            validation=tuple(validation or ()),
            share=validation_share,
            how=split,
        )
        result = _trained(files, changes, out, parent, places, tracker)
        if add:
            _register(out, result)
        if as_json:
            print_json(result)
            return
        for name, figures in result["metrics"].items():
            say(f"{name}:")
            print_report(figures)


def export(
    folder: Annotated[Path, typer.Argument(help="Of a version, or the weights folder of a run.")],
    out: Annotated[Path, typer.Option(help="Folder for the exported version; appears all at once.")],
    to: Annotated[
        Literal["openvino", "weights"],
        typer.Option("--format", help="A static int8 graph for the CPU, or weights over the base for torch."),
    ] = "openvino",
    data: Annotated[
        Path | None, typer.Option(help="For openvino: a file with a few hundred texts, which set the ranges of int8.")
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column with the text.")] = "text",
    base_folder: Annotated[Path | None, typer.Option(help="Where the base's files lie.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Writes a version in the other form, with the same labels, temperatures and card. Needs the extra train."""
    log_to_stderr()
    with errors_explained():
        from pipelines.exporting import export_version

        with redirect_stdout(sys.stderr):
            papers = export_version(
                folder, out, to, texts=data, text_column=text_column, base_folder=base_folder, report=say
            )
        if as_json:
            print_json({"folder": str(out), "model_version": papers.model_version, "files": papers.files})
        else:
            say(f"Written: {out} ({papers.model_version})")


def _short_form(
    columns: Columns, maps: dict[Task, str], task: str, label_column: str, labels: str
) -> tuple[Columns, dict[Task, str]]:
    """Fill --task, --label-column and --labels in where they mean."""
    import msgspec

    from monitor.errors import InputError

    places: dict[str, tuple[Task, str]] = {
        "topic": ("topic", "topic"),
        "sentiment": ("sentiment", "sentiment"),
        "entity": ("entity", "entity_sentiment"),
    }
    if not task and not label_column and not labels:
        return columns, maps
    if task not in places or not label_column:
        raise InputError(
            f"--task is {task!r} and --label-column {label_column!r}.",
            f"Give both, the task as one of: {', '.join(places)}; or --topic-column and the like.",
        )
    name, column = places[task]
    return msgspec.structs.replace(columns, **{column: label_column}), maps | {name: labels or maps[name]}


def _parsed(maps: Mapping[Task, str]) -> dict[Task, dict[str, str]]:
    from monitor.learning.examples import parse_label_map

    return {task: parse_label_map(written) for task, written in maps.items() if written}


def _trained(
    files: LabelledFiles, changes: dict[str, Any], out: Path, parent: str, run: Run, tracker: Kind
) -> dict[str, Any]:
    from monitor.settings import load_settings
    from pipelines.finding_models import find_model
    from pipelines.train import parents_recipe, require_free, train_version
    from pipelines.training_files import read_split, recipe_for, recipe_with, untrained

    require_free(out)
    origin = find_model(load_settings(), parent) if parent else None
    start = parents_recipe(origin) if origin else recipe_for(str(changes.get("base", "")))
    recipe = recipe_with(start, changes)
    split = read_split(files, recipe.seed, say)
    if warning := untrained(files, origin is not None):
        say(warning)
    # The quantiser draws its bars on standard output, which is for results.
    with watching() as watch, redirect_stdout(sys.stderr), _tracking(tracker, run.folder, recipe, watch) as told:
        papers = train_version(
            split.training,
            recipe,
            out,
            validation=split.validation,
            parent=origin,
            run=run,
            report=say,
            watch=told,
        )
    return {
        "folder": str(out),
        "model_version": papers.model_version,
        "parent": papers.parent,
        "training": len(split.training),
        "validation": len(split.validation),
        "dropped": split.dropped,
        "temperatures": papers.temperatures,
        "abstain_below": papers.abstain_below,
        "metrics": papers.metrics,
    }


@contextmanager
def _tracking(
    kind: Kind, folder: Path | None, recipe: Recipe, then: Callable[[Progress], None]
) -> Iterator[Callable[[Progress], None]]:
    """Keeps a run's curves in its folder; of a run that keeps nothing there are none."""
    if folder is None:
        yield then
        return
    import msgspec

    from pipelines.train import training_libraries

    with training_libraries():
        from monitor.learning.tracking import open_tracker, tracked
    keeper = open_tracker(kind, folder / "curves", msgspec.to_builtins(recipe))
    try:
        yield tracked(keeper, then)
    finally:
        keeper.close()


def _register(folder: Path, result: dict[str, Any]) -> None:
    from monitor.settings import load_settings
    from monitor.store.database import Database
    from pipelines.registry import open_registry

    settings = load_settings()
    with Database.open(settings.store_url) as database:
        version = open_registry(settings, database).add(folder, "trained")
    result["registered"] = True
    say(f"Registered: {version.id}. To make it serve: monitor models promote {version.id}")


@contextmanager
def watching() -> Iterator[Callable[[Progress], None]]:
    """Shows a run's progress: a bar at a terminal, a line at the end of each epoch elsewhere."""
    with progress_bar() as bar:
        task = bar.add_task("Training", total=None, note="starting")

        def watch(progress: Progress) -> None:
            loss = progress.validation_loss
            note = f"epoch {progress.epoch}" + (f", validation loss {loss:.4f}" if loss is not None else "")
            bar.update(task, total=progress.steps, completed=progress.step, note=note)
            if loss is not None and bar.disable:
                say(f"{note}, step {progress.step} of {progress.steps}")

        yield watch
