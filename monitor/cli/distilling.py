"""`monitor distill`, `monitor train-base`: models that learn from a teacher, and the shipped ones made anew."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.output import errors_explained, log_to_stderr, print_json, say
from monitor.cli.training import watching

if TYPE_CHECKING:
    from monitor.classify.manifest import Manifest
    from pipelines.train import Run

_PANEL = "Models"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=_PANEL)(distill)
    app.command("train-base", rich_help_panel=_PANEL)(train_base)


def distill(
    teacher: Annotated[str, typer.Option(help="Version, alias or folder of the model to learn from.")],
    data: Annotated[list[Path], typer.Option(help="Labelled CSV, JSONL or Parquet file; may be repeated.")],
    out: Annotated[Path, typer.Option(help="Folder for the finished version; appears all at once.")],
    texts: Annotated[list[Path] | None, typer.Option(help="File of texts without labels; may be repeated.")] = None,
    text_column: Annotated[str, typer.Option(help="Column with the text, in all files.")] = "text",
    topic_column: Annotated[str, typer.Option(help="Column with the topic.")] = "",
    sentiment_column: Annotated[str, typer.Option(help="Column with the sentiment.")] = "",
    topic_labels: Annotated[str, typer.Option(help="What its labels mean: 'raw=name,raw=name'.")] = "",
    sentiment_labels: Annotated[str, typer.Option(help="Likewise.")] = "",
    base: Annotated[str, typer.Option(help="Encoder of the student; by default the small one.")] = "",
    base_folder: Annotated[Path | None, typer.Option(help="Where its files lie; else they are looked for.")] = None,
    teacher_base_folder: Annotated[Path | None, typer.Option(help="Likewise those of the teacher's.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="name=value of the recipe; may repeat.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder that keeps the teacher's answers and the state.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from that state.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 for as many as there are cores.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Trains a small model on a large one's answers, beside the labels. Needs the extra train.

    A tenth of the labelled texts, by groups of near-duplicates, calibrates and judges the student.
    """
    log_to_stderr()
    with errors_explained():
        from monitor.learning.data.corpus import Columns
        from monitor.learning.data.examples import parse_label_map
        from monitor.settings import load_settings
        from pipelines.finding_models import find_model
        from pipelines.training_files import LabelledFiles, parse_settings, recipe_for, recipe_with

        given = {"topic": topic_labels, "sentiment": sentiment_labels}
        files = LabelledFiles(
            data=tuple(data),
            columns=Columns(text=text_column, topic=topic_column, sentiment=sentiment_column),
            label_maps={task: parse_label_map(written) for task, written in given.items() if written},  # type: ignore[misc]
        )
        papers = _distilled(
            files,
            find_model(load_settings(), teacher),
            tuple(texts or ()),
            recipe_with(recipe_for(base), parse_settings(settings or [])),
            out,
            _run(run, resume, threads, base_folder, teacher_base_folder),
        )
        _tell(out, papers, as_json)


def train_base(
    data: Annotated[Path, typer.Option(help="Folder with the labelled sets: tfns, tftopic, sentfin, finentity.")],
    out: Annotated[Path, typer.Option(help="Folder for the finished model; appears all at once.")],
    grade: Annotated[str, typer.Option(help="fast or quality.")] = "fast",
    teacher: Annotated[str, typer.Option(help="Version or folder to distil; by default it learns from labels.")] = "",
    parent: Annotated[str, typer.Option(help="Version or folder to go on from; by default the base.")] = "",
    texts: Annotated[list[Path] | None, typer.Option(help="File of texts to ask the teacher; may repeat.")] = None,
    text_column: Annotated[str, typer.Option(help="Column with their text.")] = "text",
    fillings: Annotated[
        int | None,
        typer.Option(min=1, help="How often to fill each frame of our own headlines; by default as we did."),
    ] = None,
    share: Annotated[
        float,
        typer.Option(min=0.01, max=1.0, help="Of the labelled sets, learn from so much: a parent knows them already."),
    ] = 1.0,
    base_folder: Annotated[Path | None, typer.Option(help="Where the base's files lie.")] = None,
    teacher_base_folder: Annotated[Path | None, typer.Option(help="Likewise those of the teacher's.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="name=value of the recipe; may repeat.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder that keeps the state after every epoch.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from that state.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 for as many as there are cores.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Rebuilds a shipped model and its card: fine-tunes, calibrates, exports, judges. Needs the extra train."""
    log_to_stderr()
    with errors_explained():
        from monitor.settings import load_settings
        from pipelines.company_news.examples import FILLINGS
        from pipelines.finding_models import find_model
        from pipelines.shipped import recipe_of_grade, train_shipped
        from pipelines.training_files import parse_settings, read_texts, recipe_with

        found = load_settings()
        with watching() as watch, redirect_stdout(sys.stderr):
            papers = train_shipped(
                grade,
                data,
                out,
                recipe=recipe_with(recipe_of_grade(grade), parse_settings(settings or [])),
                parent=find_model(found, parent) if parent else None,
                teacher=find_model(found, teacher) if teacher else None,
                texts=read_texts(tuple(texts or ()), text_column),
                fillings=fillings or FILLINGS,
                share=share,
                run=_run(run, resume, threads, base_folder, teacher_base_folder),
                report=say,
                watch=watch,
            )
        _tell(out, papers, as_json)


def _run(folder: Path | None, resume: bool, threads: int, base: Path | None, teacher_base: Path | None) -> Run:
    from pipelines.train import Run

    return Run(folder=folder, resume=resume, threads=threads, base_folder=base, teacher_base=teacher_base)


def _distilled(files: Any, teacher: Path, texts: tuple[Path, ...], recipe: Any, out: Path, run: Any) -> Manifest:
    from monitor.clock import system_clock
    from monitor.learning.data.examples import Example, without_repeats
    from monitor.learning.data.replaying import without_relatives
    from pipelines.train import require_free, train_version
    from pipelines.training_files import read_split, read_texts

    require_free(out, run)
    split = read_split(files, recipe.seed, say, system_clock())
    known = [example.text for example in (*split.training, *split.validation)]
    asked = without_repeats([Example(text) for text in read_texts(texts, files.columns.text)], held_out=known)
    unlabelled = without_relatives(asked, [example.text for example in split.validation])
    with watching() as watch, redirect_stdout(sys.stderr):
        return train_version(
            [*split.training, *unlabelled],
            recipe,
            out,
            validation=split.validation,
            labels_until=split.labels_until,
            teacher=teacher,
            run=run,
            report=say,
            watch=watch,
        )


def _tell(out: Path, papers: Manifest, as_json: bool) -> None:
    if as_json:
        print_json({"folder": str(out), "model_version": papers.model_version, "metrics": papers.metrics})
    else:
        say(f"Written: {out} ({papers.model_version})")
