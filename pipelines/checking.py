"""`monitor sources check`: asks a source once, and tells what would become of its items; nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec

from monitor.articles import Article
from monitor.errors import InputError
from monitor.ingest.intake.accounts import Accounts, Fate, fate_of
from monitor.ingest.intake.publisher import fitted
from monitor.ingest.sources.source import SourceError, SourceState
from monitor.ingest.worker import Polled
from monitor.settings import Settings
from monitor.store import sources
from monitor.store.database import Database
from pipelines.sources import all_sources, polled_sources

_TITLES = 10


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a source answered.

    Attributes:
        name: Of the source.
        kind: Of its settings.
        failure: Why it gave nothing; empty where it answered.
        detail: The failure in words, and what to do.
        accounts: What would become of its items.
        languages: How many of its articles are in which.
        time_cases: How many came by their event time how.
        reasons: Why items are no articles.
        titles: The first of its articles.
        shape: Fingerprint of the answer.
        moved_to: Where it says that it lives now; empty where it has not moved.
    """

    name: str
    kind: str
    failure: str = ""
    detail: str = ""
    accounts: Accounts = Accounts()
    languages: Mapping[str, int] = {}
    time_cases: Mapping[str, int] = {}
    reasons: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    shape: str = ""
    moved_to: str = ""


def check_source(settings: Settings, database: Database, name: str, now: datetime) -> Checked:
    """Asks a source as if for the first time.

    Raises:
        InputError: There is no such source, or it cannot be set up.
        StoreError: The store is away.
    """
    one = _find(settings, name)
    try:
        answer = one.source.fetch(SourceState(), now)
    except SourceError as error:
        return Checked(name=name, kind=one.source.kind, failure=error.reason.value, detail=str(error))
    reader = one.reader.taught_by(answer.items)
    read = [(item, reader.read(item, now)) for item in answer.items]
    sized = [(item, record, *fitted(record)) for item, record in read]
    articles = [record for _, _, record, _ in sized if isinstance(record, Article)]
    with database.read() as connection:
        known = sources.known_ids(connection, {article.id for article in articles})
    fates: list[Fate] = []
    reasons: list[str] = []
    for item, first, record, _ in sized:
        too_large = len(item.original) > one.reader.max_item_bytes or record is not first
        is_known = isinstance(record, Article) and record.id in known
        fates.append(fate_of(item, record, known=is_known, too_large=too_large))
        if isinstance(record, Article):
            known.add(record.id)
        else:
            reasons.append(record.reason)
    return Checked(
        name=name,
        kind=one.source.kind,
        accounts=Accounts.of(fates),
        languages=dict(Counter(article.language for article in articles).most_common()),
        time_cases=dict(Counter(article.time_case.value for article in articles).most_common()),
        reasons=tuple(reasons[:_TITLES]),
        titles=tuple(article.title for article in articles[:_TITLES]),
        shape=answer.shape,
        moved_to=answer.moved_to,
    )


def _find(settings: Settings, name: str) -> Polled:
    configured = [source for source in all_sources(settings) if source.name == name]
    if not configured:
        names = ", ".join(source.name for source in all_sources(settings)) or "none"
        raise InputError(f"There is no source {name!r} in the settings.", f"There are: {names}.")
    only = settings.model_copy(
        update={
            "sources": tuple(configured),
            "ingest": settings.ingest.model_copy(update={"starter_feeds": False}),
        }
    )
    return polled_sources(only)[0]
