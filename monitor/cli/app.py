"""The commands, in the order in which help shows them. Each imports its rooms when it is called: help is instant."""

from __future__ import annotations

import typer

from monitor.cli import (
    backtesting,
    distilling,
    entities,
    inspecting,
    labelling,
    modelling,
    running,
    scoring,
    serving,
    sources,
    tagging,
    topics,
    training,
)

app = typer.Typer(
    name="monitor",
    help="A streaming monitor of financial sentiment: news in, surges of negative sentiment found, alerts out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

running.register(app)
backtesting.register(app)
scoring.register(app)
training.register(app)
distilling.register(app)
tagging.register(app)
modelling.register(app)
labelling.register(app)
topics.register(app)
inspecting.register(app)
entities.register(app)
sources.register(app)
serving.register(app)


def main() -> None:
    """Runs the command line."""
    app()
