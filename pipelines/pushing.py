"""The push endpoint beside the polls: the same intake, the same spool, a thread that serves HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from monitor.clock import system_clock
from monitor.ingest.sources.source import Batch, SourceState
from monitor.settings import Settings
from pipelines.sources import pushed_reader

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from monitor.ingest.intake.taking import Intake, Taken
    from monitor.ingest.items import Item
    from monitor.ingest.push.app import Accept

PUSH = "push"
"""Name and kind of the source that is pushed."""
_log = logging.getLogger(__name__)


def push_endpoint(settings: Settings, intake: Intake) -> AbstractContextManager[str]:
    """The endpoint's address while it listens; empty where no token is set, since then nothing does.

    Raises:
        InputError: Its address and port cannot be had.
    """
    if not settings.ingest.push.tokens:
        return nullcontext("")
    return _listening(settings, accept_into(intake, settings))


def accept_into(intake: Intake, settings: Settings) -> Accept:
    """What the endpoint calls: returns once what it took is on disk."""
    reader = pushed_reader(settings, PUSH)

    def accept(items: Sequence[Item]) -> Taken:
        return intake.take(PUSH, reader, Batch(items=tuple(items), state=SourceState()), listing=False)

    return accept


@contextmanager
def _listening(settings: Settings, accept: Accept) -> Iterator[str]:
    from monitor.ingest.push.app import push_app
    from monitor.ingest.push.server import serving_push

    options = settings.ingest.push
    tokens = [token.get_secret_value() for token in options.tokens]
    app = push_app(accept, tokens=tokens, clock=system_clock)
    with serving_push(app, options.address, options.port) as port:
        address = f"http://{f'[{options.address}]' if ':' in options.address else options.address}:{port}"
        _log.info("Articles may be posted to %s", address)
        yield address
