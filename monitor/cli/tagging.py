"""`monitor train-tags`: token classification with one's own tags, by the same trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.output import errors_explained, log_to_stderr, print_json, say
from monitor.cli.training import watching


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("train-tags", rich_help_panel="Models")(train_tags)


def train_tags(
    data: Annotated[Path, typer.Option(help="File in the CoNLL format: a word and its tag a line.")],
    out: Annotated[Path, typer.Option(help="Folder for the finished tagger; appears all at once.")],
    validation: Annotated[
        Path | None, typer.Option(help="File to judge by, of the same format; else a tenth is held out.")
    ] = None,
    word_column: Annotated[int, typer.Option(help="Column of the word; 0 for the first, -1 for the last.")] = 0,
    tag_column: Annotated[int, typer.Option(help="Column of the tag, counted likewise.")] = -1,
    base: Annotated[str, typer.Option(help="Encoder to start from; by default the small one.")] = "",
    base_folder: Annotated[Path | None, typer.Option(help="Where its files lie; else they are looked for.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="name=value of the recipe; may repeat.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder that keeps the state after every epoch.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from that state.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 for as many as there are cores.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Trains a tagger on one's own tags and judges it by word and by entity. Needs the extra train."""
    log_to_stderr()
    with errors_explained():
        from pipelines.train import training_libraries
        from pipelines.training_files import parse_settings, recipe_for, recipe_with

        recipe = recipe_with(recipe_for(base), parse_settings(settings or []))
        with training_libraries(), watching() as watch:
            from monitor.learning.training.tag_training import train_tagger

            papers: Any = train_tagger(
                data,
                validation,
                out,
                recipe,
                word_column=word_column,
                tag_column=tag_column,
                local=base_folder,
                run_folder=run,
                resume=resume,
                threads=threads,
                watch=watch,
            )
        if as_json:
            print_json({"folder": str(out), "tags": papers.tags, "metrics": papers.metrics})
        else:
            say(f"Written: {out}, with its report.")
