"""How commands speak: prose on standard error, results on standard output, one JSON object last where asked for."""

from __future__ import annotations

import getpass
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.errors import InputError, MonitorError, SettingsError

prose = Console(stderr=True, highlight=False, emoji=False)
results = Console(highlight=False, soft_wrap=True, emoji=False)

USAGE_EXIT = 2
FAILURE_EXIT = 1
CONFIGURATION_EXIT = 78
"""sysexits' EX_CONFIG: starting again cannot help."""


def say(line: str) -> None:
    """One line for the person at the terminal."""
    prose.print(line, markup=False)


def cell(outside: str, longest: int = 300) -> str:
    r"""Text from outside for a table or a line: one safe line of which nothing is read as Rich's markup.

    >>> cell("Reuters [/uk] \x1b[31m"), cell("Wire [news]")
    ('Reuters \\[/uk] [31m', 'Wire \\[news]')
    """
    from monitor.alerts.wording import clean

    return _verbatim(clean(outside, longest))


def _verbatim(told: str) -> str:
    r"""Text of which nothing is read as markup, whatever stands after it.

    Rich's own `escape` doubles a backslash at the end, for it would take a tag that follows away; where none follows,
    both are shown. So one follows always, which does nothing.
    """
    body = told.rstrip("\\")
    ending = told[len(body) :]
    return escape(body) + (f"{ending * 2}[none][/none]" if ending else "")


def person_here() -> str:
    """The name of this machine's user, for records of who decided."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return "unknown"


def print_json(value: Any) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


@contextmanager
def errors_explained() -> Iterator[None]:
    """Turns errors raised on purpose into one clear message and an exit status; others keep their traceback."""
    try:
        yield
    except MonitorError as error:
        prose.print(f"[bold red]Error:[/] {_verbatim(error.what)}")
        if error.remedy:
            prose.print(f"[dim]{_verbatim(error.remedy)}[/]")
        raise typer.Exit(_exit_status(error)) from error
    except KeyboardInterrupt:
        prose.print("Stopped.")
        raise typer.Exit(130) from None


def progress_bar() -> Progress:
    """A bar on standard error; shows nothing where that is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=prose, disable=not prose.is_terminal)


def log_to_stderr() -> None:
    """Logs of this process: what this project has to say, and the warnings of libraries."""
    if prose.is_terminal:
        logging.basicConfig(
            level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=prose, show_path=False)]
        )
    else:
        logging.basicConfig(
            level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
    for package in ("monitor", "pipelines", "dashboards"):
        logging.getLogger(package).setLevel(logging.INFO)


def _exit_status(error: MonitorError) -> int:
    if isinstance(error, InputError):
        return USAGE_EXIT
    return CONFIGURATION_EXIT if isinstance(error, SettingsError) or not error.retryable else FAILURE_EXIT
