"""What rules would have made of recorded news: the code of the line, in one process, once for each set of rules.

The model reads the news once; its answers are kept in the folder of results and serve the next backtest of the same
file by the same model. Each set of rules then gets a store of its own, filled as the line fills it (`count_tick`, the
alerts worker), which every command and the dashboard can open.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Final

import msgspec
from pydantic import ValidationError

from monitor.alerts.alert import Alert
from monitor.alerts.routing import kind_of
from monitor.alerts.worker import AlertsWorker
from monitor.articles import Article
from monitor.broker.codec import ScoredRecord, decode_scored, encode
from monitor.classify.engine import Engine
from monitor.classify.linking import Linker
from monitor.classify.scored import UnscoredArticle
from monitor.classify.scoring import score
from monitor.clock import MINUTE, Clock, floor_to, system_clock
from monitor.errors import InputError
from monitor.records import DeadLetter, Watermark
from monitor.settings import Settings
from monitor.settings_faults import explain
from monitor.store import reads, writes
from monitor.store.database import Database
from monitor.store.evidence import read_evidence
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.session import STAGE
from monitor.surges.surge import Surge
from monitor.surges.ticking import count_tick
from monitor.surges.windows import Window
from pipelines.replaying import ReplayJob
from pipelines.serving import open_serving

OWN_RULES: Final = "settings"
"""Name of the rules that the settings have."""

_BATCH = 256  # articles in one pass of the model
_ALERTS = 100_000
_WEEK = timedelta(days=7)

Progress = Callable[[int, int], None]
"""Told how many items have been read, and of how many."""


class RuleSet(msgspec.Struct, frozen=True):
    """Rules by a name."""

    name: str
    rules: SurgeRules


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that fired, by the verdict that opened it.

    Attributes:
        rules: Name of the rules.
        series: Key of what it is about.
        kind: all, topic, entity or entity_topic.
        opened: UTC; stream time.
        closed: Since when it was calm, UTC; None where it was not by the end.
        window: Length in minutes.
        k: Negative stories in it.
        n: Stories in it.
        expected: Negative stories that the statistic expected.
        p: Of the statistic, at one look.
        adjusted_p: Over all that is watched in a day.
        statistic: share, volume or build.
        top_headline: Of the most negative story in the window; empty where there is none.
        surge: Number of the verdict, for `monitor explain`.
    """

    rules: str
    series: str
    kind: str
    opened: datetime
    closed: datetime | None
    window: int
    k: int
    n: int
    expected: float
    p: float
    adjusted_p: float
    statistic: str
    top_headline: str
    surge: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a set of rules made of it.

    Attributes:
        rules: Name of the rules.
        version: Fingerprint of the rules.
        articles: That were counted.
        weeks: From the first of them to the last.
        surges: Verdicts that stood out.
        alerts: That fired.
        alerts_per_week: Of them.
        by_kind: Alerts a week by kind of series.
        shared: Alerts that the first set of rules has too: of the same series, open at the same time.
        store: URL of the results.
    """

    rules: str
    version: str
    articles: int
    weeks: float
    surges: int
    alerts: int
    alerts_per_week: float
    by_kind: dict[str, float]
    shared: int
    store: str


def read_rules(given: str, base: SurgeRules) -> RuleSet:
    """Rules from a file of values that differ from the settings' own.

    Args:
        given: `NAME=FILE`, or a file alone, which is then named by itself; TOML as in `[surges.rules]`.
        base: What the file leaves out.

    Raises:
        InputError: The file cannot be read, or holds what is no rule.
    """
    name, _, path = given.rpartition("=")
    file = Path(path)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file} cannot be read as rules: {error}.", "Give a TOML file of name = value.") from error
    try:
        rules = SurgeRules.model_validate(base.model_dump() | values)
    except ValidationError as error:
        told = f"{file} holds what is no rule. {explain(error).what}"
        raise InputError(told, "docs/settings.md tells every rule of surges.rules.") from error
    name = name or file.stem
    if name == OWN_RULES:
        raise InputError(f'The name "{OWN_RULES}" stands for the rules of the settings.', "Choose another: NAME=FILE.")
    return RuleSet(name, rules)


def backtest(
    settings: Settings,
    job: ReplayJob,
    rule_sets: Sequence[RuleSet],
    folder: Path,
    progress: Progress | None = None,
    clock: Clock = system_clock,
) -> Iterator[tuple[list[AlertLine], Outcome]]:
    """Runs each set of rules over a recorded file, and yields what it made of it.

    Args:
        settings: Model, languages, lifecycle; of their store only the champion is read.
        job: The file.
        rule_sets: With distinct names; the first is what the others are compared with.
        folder: Of the results: `NAME.db` each, replaced where it is there.
        progress: Of the reading.
        clock: For what is stored as wall time.

    Raises:
        InputError: The file cannot be used, or two sets of rules have one name.
        ModelError: There is no model.
    """
    names = Counter(one.name for one in rule_sets)
    if twice := [name for name, count in names.items() if count > 1]:
        raise InputError(f"Two sets of rules are called {twice[0]!r}.", "Name them apart: --rules NAME=FILE.")
    folder.mkdir(parents=True, exist_ok=True)
    scored = _scored(settings, job, folder, progress)
    first: list[tuple[str, Window]] | None = None
    for one in rule_sets:
        url = _fresh_store(folder, one.name)
        with Database.open(url) as database:
            articles, span = _count(database, scored, one.rules, settings.classify.abstain_below)
            _alert(database, settings, clock)
            lines, surges = _lines(database, one.name)
        stood = [(line.series, Window(line.opened, line.closed or span.end + MINUTE)) for line in lines]
        first = stood if first is None else first
        yield lines, _outcome(one, lines, articles, span, surges, _shared(stood, first), url)


def _scored(settings: Settings, job: ReplayJob, folder: Path, progress: Progress | None) -> Path:
    """The file as the classify stage would have passed it on, one record a line."""
    with Database.open(settings.store_url) as database:
        engine = open_serving(settings, database)
    companies = settings.classify.companies_file
    parts = [Path(job.path).read_bytes(), msgspec.json.encode(job), companies.read_bytes() if companies else b""]
    key = hashlib.blake2b(b"\0".join([*parts, ",".join(settings.classify.languages).encode()]), digest_size=8)
    kept = folder / f"scored-{engine.model_version}-{key.hexdigest()}.jsonl"
    if kept.is_file():
        return kept
    recording = job.recording()
    partial = kept.with_suffix(".partial")
    with partial.open("wb") as file:
        done = 0
        arrivals = recording.arrivals()
        linker = Linker.open(companies)
        while batch := list(islice(arrivals, _BATCH)):
            items = [recording.read(arrival) for arrival in batch]
            file.writelines(encode(record) + b"\n" for record in _judged(items, engine, linker, settings))
            done += len(batch)
            if progress:
                progress(done, len(recording))
    partial.replace(kept)
    return kept


def _judged(
    items: Sequence[Article | DeadLetter], engine: Engine, linker: Linker, settings: Settings
) -> Iterable[ScoredRecord]:
    languages = frozenset(settings.classify.languages)
    readable = [item for item in items if isinstance(item, Article) and item.language in languages]
    scored = iter(score(readable, engine, linker))
    for item in items:
        if isinstance(item, DeadLetter):
            yield item
        elif item.language in languages:
            yield next(scored)
        else:
            reason = f"Language {item.language} is not supported by model {engine.model_version}."
            yield UnscoredArticle(article=item, reason=reason)


def _fresh_store(folder: Path, name: str) -> str:
    for suffix in ("", "-wal", "-shm"):
        (folder / f"{name}.db{suffix}").unlink(missing_ok=True)
    return f"sqlite:///{(folder / f'{name}.db').absolute()}"


def _count(database: Database, scored: Path, rules: SurgeRules, abstain_below: float | None) -> tuple[int, Window]:
    """A day of the stream in a transaction; how the stream is cut changes no row."""
    core, articles = SurgeCore(rules), 0
    began: datetime | None = None
    tick: datetime | None = None
    with scored.open("rb") as file:
        records = (decode_scored(line) for line in file)
        for _, day in groupby(records, key=_day):
            group = list(day)
            seen = [_seen_at(record) for record in group]
            tick = floor_to(max(seen), MINUTE) + MINUTE
            began = began or floor_to(min(seen), MINUTE)
            with database.write() as connection:
                articles += count_tick(connection, core, tick, group, rules, abstain_below, {})
                writes.write_progress(connection, STAGE, tick)
    if tick is None or began is None:
        raise InputError(f"{scored.name}: there is no item in the file.", "Give a file of past news.")
    with database.write() as connection:
        writes.write_progress(connection, STAGE, tick, final=True)
    return articles, Window(began, tick)


def _day(record: ScoredRecord) -> date:
    return _seen_at(record).date()


def _seen_at(record: ScoredRecord) -> datetime:
    if isinstance(record, DeadLetter):
        return record.seen_at
    return record.time if isinstance(record, Watermark) else record.article.first_seen_at


def _alert(database: Database, settings: Settings, clock: Clock) -> None:
    worker = AlertsWorker(database, settings.alerts.lifecycle, [], [], clock)
    while worker.step():
        pass


def _lines(database: Database, name: str) -> tuple[list[AlertLine], int]:
    with database.read() as connection:
        alerts = [alert for alert in reads.read_alerts(connection, _ALERTS) if alert.fired_at is not None]
        lines = []
        for alert in sorted(alerts, key=lambda alert: (alert.opened_at, alert.series)):
            number, opening = reads.read_numbered_surge(connection, alert.series, alert.opened_at)
            stories = read_evidence(connection, opening, opening.tick, 1).stories
            lines.append(_line(name, alert, number, opening, stories[0].title if stories else ""))
        return lines, reads.read_counts(connection).surges


def _line(name: str, alert: Alert, number: int, opening: Surge, headline: str) -> AlertLine:
    return AlertLine(
        rules=name,
        series=alert.series.key,
        kind=kind_of(alert.series),
        opened=alert.opened_at,
        closed=alert.calm_since,
        window=opening.window.length // MINUTE,
        k=opening.counts.negatives,
        n=opening.counts.stories,
        expected=round(opening.expected_count, 3),
        p=opening.p_value,
        adjusted_p=opening.adjusted_p,
        statistic=opening.statistic,
        top_headline=headline,
        surge=number,
    )


def _shared(mine: Sequence[tuple[str, Window]], first: Sequence[tuple[str, Window]]) -> int:
    by_series: dict[str, list[Window]] = {}
    for series, window in first:
        by_series.setdefault(series, []).append(window)
    return sum(
        any(window.start < other.end and other.start < window.end for other in by_series.get(series, ()))
        for series, window in mine
    )


def _outcome(
    one: RuleSet, lines: Sequence[AlertLine], articles: int, span: Window, surges: int, shared: int, url: str
) -> Outcome:
    weeks = max(span.length / _WEEK, 1 / 7)
    kinds = Counter(line.kind for line in lines)
    return Outcome(
        rules=one.name,
        version=one.rules.version,
        articles=articles,
        weeks=round(weeks, 2),
        surges=surges,
        alerts=len(lines),
        alerts_per_week=round(len(lines) / weeks, 3),
        by_kind={kind: round(count / weeks, 3) for kind, count in sorted(kinds.items())},
        shared=shared,
        store=url,
    )
