"""`monitor train`, `monitor export`: models in the making."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.cli import training_options as option
from monitor.cli.output import errors_explained, log_to_stderr, print_json, progress_bar, say
from monitor.cli.scoring import print_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.classify.labels import Task
    from monitor.learning.data.corpus import Columns
    from monitor.learning.recipe import Recipe
    from monitor.learning.training.loop import Progress
    from monitor.learning.training.tracking import Kind
    from pipelines.train import Run
    from pipelines.training_files import LabelledFiles

_PANEL = "Models"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(train)
    app.command(rich_help_panel=_PANEL)(export)


def train(
    data: option.Data,
    out: option.Out,
    text_column: option.TextColumn = "text",
    topic_column: option.TopicColumn = "",
    sentiment_column: option.SentimentColumn = "",
    entity_column: option.EntityColumn = "",
    entity_sentiment_column: option.EntitySentimentColumn = "",
    all_entities: option.AllEntities = False,
    task: option.Task = "",
    label_column: option.LabelColumn = "",
    labels: option.Labels = "",
    topic_labels: option.TopicLabels = "",
    sentiment_labels: option.SentimentLabels = "",
    entity_labels: option.EntityLabels = "",
    time_column: option.TimeColumn = "",
    group_column: option.GroupColumn = "",
    validation: option.Validation = None,
    validation_share: option.ValidationShare = 0.1,
    split: option.Split = "group",
    base: option.Base = "",
    base_folder: option.BaseFolder = None,
    parent: option.Parent = "",
    method: option.Method = "",
    optimizer: option.Optimizer = "",
    schedule: option.Schedule = "",
    epochs: option.Epochs = None,
    patience: option.Patience = None,
    batch_size: option.BatchSize = None,
    accumulation: option.Accumulation = None,
    learning_rate: option.LearningRate = None,
    seed: option.Seed = None,
    precision: option.Precision = "",
    settings: option.Settings = None,
    threads: option.Threads = 0,
    tracker: option.Tracker = "tensorboard",
    run: option.RunFolder = None,
    resume: option.Resume = False,
    grade: option.Grade = "",
    add: option.Register = False,
    as_json: option.AsJson = False,
) -> None:
    """Trains a model version on labelled files, calibrates it on what validates, and judges it. Needs the extra train.

    The labels are those of the monitor: 20 topics, 3 sentiments. A file's own labels are mapped onto them with
    'raw=name,raw=name'; models with label sets of their own are not made yet.
    """
    log_to_stderr()
    with errors_explained():
        from monitor.learning.data.corpus import Columns
        from pipelines.train import Run
        from pipelines.training_files import LabelledFiles, parse_settings

        changes = _given(
            base=base, method=method, optimizer=optimizer, schedule=schedule, epochs=epochs, patience=patience,
            batch_size=batch_size, accumulation=accumulation, learning_rate=learning_rate, seed=seed,
            precision=precision,
        ) | parse_settings(settings or [])  # fmt: skip
        columns, maps = _short_form(
            Columns(
                text=text_column,
                topic=topic_column,
                sentiment=sentiment_column,
                entity=entity_column,
                entity_sentiment=entity_sentiment_column,
                time=time_column if split == "time" and not validation else "",
                group=group_column,
            ),
            {"topic": topic_labels, "sentiment": sentiment_labels, "entity": entity_labels},
            task,
            label_column,
            labels,
        )
        files = LabelledFiles(
            data=tuple(data),
            columns=columns,
            label_maps=_parsed(maps),
            all_entities=all_entities,
            validation=tuple(validation or ()),
            share=validation_share,
            how=split,
        )
        places = Run(grade=grade, base_folder=base_folder, folder=run, resume=resume, threads=threads)
        result = _trained(files, changes, out, parent, places, tracker)
        if add:
            _register(out, result)
        _tell(result, as_json)


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


def _given(**settings: Any) -> dict[str, Any]:
    """Of the recipe's settings those that the person gave: an option that was left out is "" or None."""
    return {name: value for name, value in settings.items() if value not in ("", None)}


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
    from monitor.learning.data.examples import parse_label_map

    return {task: parse_label_map(written) for task, written in maps.items() if written}


def _trained(
    files: LabelledFiles, changes: dict[str, Any], out: Path, parent: str, run: Run, tracker: Kind
) -> dict[str, Any]:
    from monitor.clock import system_clock
    from monitor.settings import load_settings
    from pipelines.finding_models import find_model
    from pipelines.train import parents_recipe, require_free, train_version
    from pipelines.training_files import read_split, recipe_for, recipe_with, untrained

    require_free(out, run)
    origin = find_model(load_settings(), parent) if parent else None
    start = parents_recipe(origin) if origin else recipe_for(str(changes.get("base", "")))
    recipe = recipe_with(start, changes)
    split = read_split(files, recipe.seed, say, system_clock())
    if warning := untrained(files, origin is not None):
        say(warning)
    # The quantiser draws its bars on standard output, which is for results.
    with watching() as watch, redirect_stdout(sys.stderr), _tracking(tracker, run.folder, recipe, watch) as told:
        papers = train_version(
            split.training,
            recipe,
            out,
            validation=split.validation,
            labels_until=split.labels_until,
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
        from monitor.learning.training.tracking import open_tracker, tracked
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


def _tell(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    for name, figures in result["metrics"].items():
        say(f"{name}:")
        print_report(figures)


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
