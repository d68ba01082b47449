"""The push endpoint beside the polls: the same intake, the same spool, a thread that serves HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.clock import system_clock
from monitor.ingest.sources.source import Batch, SourceState
from monitor.settings import Settings
from monitor.store import pushes
from monitor.store.database import Database
from pipelines.sources import pushed_reader

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from monitor.ingest.intake.taking import Intake, Taken
    from monitor.ingest.items import Item
    from monitor.ingest.push.answers_kept import KeptAnswer
    from monitor.ingest.push.answers_stored import AnswersStored
    from monitor.ingest.push.app import Accept

PUSH = "push"
"""Name and kind of the source that is pushed."""
_log = logging.getLogger(__name__)


class StoredAnswers:
    """What the store knows of answers; see `monitor.ingest.push.answers_stored.AnswerStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answers(self, since: datetime) -> list[tuple[str, KeptAnswer]]:
        """What was claimed from this instant on, oldest first."""
        with self._database.read() as connection:
            return pushes.read_answers(connection, since)

    def keep(self, key: str, answer: KeptAnswer, forget_before: datetime) -> None:
        """Keeps an answer, and forgets those that were claimed before an instant."""
        with self._database.write() as connection:
            pushes.keep_answer(connection, key, answer, forget_before)


def push_endpoint(settings: Settings, intake: Intake, database: Database) -> AbstractContextManager[str]:
    """The endpoint's address while it listens; empty where no token is set, since then nothing does.

    Raises:
        InputError: Its address and port cannot be had.
        StoreError: The store is away.
    """
    if not settings.ingest.push.tokens:
        return nullcontext("")
    from monitor.ingest.push.answers_stored import AnswersStored

    answers = AnswersStored(StoredAnswers(database), system_clock())
    return _listening(settings, accept_into(intake, settings), answers)


def accept_into(intake: Intake, settings: Settings) -> Accept:
    """What the endpoint calls: returns once what it took is on disk."""
    reader = pushed_reader(settings, PUSH)

    def accept(items: Sequence[Item]) -> Taken:
        return intake.take(PUSH, reader, Batch(items=tuple(items), state=SourceState()), listing=False)

    return accept


@contextmanager
def _listening(settings: Settings, accept: Accept, answers: AnswersStored) -> Iterator[str]:
    from monitor.ingest.push.app import push_app
    from monitor.ingest.push.server import serving_push

    options = settings.ingest.push
    tokens = [token.get_secret_value() for token in options.tokens]
    app = push_app(accept, tokens=tokens, clock=system_clock, answers=answers)
    with serving_push(app, options.address, options.port) as port:
        address = f"http://{f'[{options.address}]' if ':' in options.address else options.address}:{port}"
        _log.info("Articles may be posted to %s", address)
        yield address
