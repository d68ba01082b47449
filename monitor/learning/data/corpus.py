"""A user's labelled files as examples: several tasks in one row, repeats merged, what was left out counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from monitor.classify.labels import Labels, Task
from monitor.classify.text import prepare_text, statement_key
from monitor.errors import InputError
from monitor.ingest.times import parse_published
from monitor.learning.data.examples import (
    Example,
    LabelledMention,
    find_entity,
    is_free,
    label_places,
    read_label,
    read_text,
)
from monitor.learning.data.reading import read_records

TASKS: tuple[Task, ...] = ("topic", "sentiment", "entity")


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Which column holds what; an empty name means that there is no such column.

    Attributes:
        text: The text.
        topic: Label of its topic.
        sentiment: Label of its sentiment.
        entity: A company or asset, as the text names it.
        entity_sentiment: Label of the sentiment toward that.
        time: When it was published.
        group: What belongs together and is never split.
    """

    text: str
    topic: str = ""
    sentiment: str = ""
    entity: str = ""
    entity_sentiment: str = ""
    time: str = ""
    group: str = ""

    def labels(self) -> dict[Task, str]:
        """The column of each task's label."""
        given: dict[Task, str] = {"topic": self.topic, "sentiment": self.sentiment, "entity": self.entity_sentiment}
        return {task: name for task, name in given.items() if name}

    def names(self) -> list[str]:
        """All of them that there are."""
        return [name for name in msgspec.structs.astuple(self) if name]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows.

    Attributes:
        rows: Read.
        texts: Different texts among them.
        conflicts: Texts, or entities in a text, with several labels, of which the most frequent one stays.
        unreadable: Rows without a letter or digit, which were left out.
        other_tasks: Rows of exports that are labels of tasks nobody asked for, which were left out.
        entities: Different entities in a text.
        entities_not_found: Those of them that the text does not name in these words; left out.
    """

    rows: int = 0
    texts: int = 0
    conflicts: int = 0
    unreadable: int = 0
    other_tasks: int = 0
    entities: int = 0
    entities_not_found: int = 0

    def sentences(self) -> list[str]:
        """What a person should know."""
        told = [f"{self.rows:,} rows, {self.texts:,} different texts."]
        if self.conflicts:
            told.append(
                f"{self.conflicts:,} texts bear several labels: the most frequent one is taken, else the first."
            )
        if self.unreadable:
            told.append(f"{self.unreadable:,} rows hold no letter or digit and are left out.")
        if self.other_tasks:
            told.append(f"{self.other_tasks:,} rows of exports are labels of other tasks and are left out.")
        if self.entities_not_found:
            told.append(
                f"{self.entities_not_found:,} of {self.entities:,} entities are left out: their texts do not name them."
            )
        return told


@dataclass(frozen=True)
class Corpus:
    """Examples of different texts, in the order in which each was first met.

    Attributes:
        examples: One a text.
        times: UTC-aware; when each was first published, None where the rows bear no time.
        groups: The group of each, empty text for none; without any where the rows have no column of groups.
        counts: What became of the rows.
    """

    examples: list[Example]
    times: list[datetime | None]
    groups: list[str]
    counts: Counts

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Corpus:
        """A corpus of examples that came from elsewhere."""
        count = len(examples)
        return cls(list(examples), [None] * count, [], Counts(rows=count, texts=count))


@dataclass
class _Gathered:
    """All that rows say of one text."""

    text: str
    labels: dict[Task, Counter[int]] = field(default_factory=lambda: {"topic": Counter(), "sentiment": Counter()})
    entities: dict[str, Counter[int]] = field(default_factory=dict)  # by the name's folded case
    names: dict[str, str] = field(default_factory=dict)  # as written: folding its case may change its letters
    time: datetime | None = None
    group: str = ""


def read_corpus(
    paths: Sequence[Path],
    columns: Columns,
    label_maps: Mapping[Task, Mapping[str, str]],
    *,
    labels: Labels,
    all_entities: bool = False,
    exported: Collection[Path] = (),
) -> Corpus:
    """Read labelled files.

    An empty label is an unknown one, but every row must have one; an empty group is none. Texts that state the same
    (see `statement_key`) are one example; where labels disagree, the most frequent one stays, the first seen among
    equals.

    Args:
        paths: .csv, .jsonl, .ndjson or .parquet files, of the same columns.
        columns: Their names.
        label_maps: By task, label name by raw label; a task without a map has the names themselves in its column.
        labels: The names that exist.
        all_entities: The rows of a text name all companies and assets in it, so that nothing else there is one.
        exported: Those of the paths that the store exported: each row is a label of the task that it names alone.

    Raises:
        InputError: Naming file, row and remedy.
    """
    if not columns.labels() or bool(columns.entity) != bool(columns.entity_sentiment):
        raise InputError(
            "no column with labels is named, or an entity without its sentiment.",
            "Give --topic-column, --sentiment-column, or --entity-column with --entity-sentiment-column.",
        )
    known = {task: label_places(label_maps.get(task, {}), labels.names(task), task) for task in columns.labels()}
    gathered, rows, unreadable, other_tasks = dict[str, _Gathered](), 0, 0, 0
    for where, fields, asked in _rows(paths, columns, exported):
        rows += 1
        if not asked:
            other_tasks += 1
            continue
        text = read_text(where, fields[columns.text])
        key = statement_key(text)
        found = gathered.setdefault(key, _Gathered(text)) if key else _Gathered(text)
        unreadable += not key
        _gather(where, found, fields, columns, asked, known)
    if rows == other_tasks:
        raise InputError(
            f"{paths[0]}: it holds no label of the task {' or '.join(columns.labels())}.", "Name another task or file."
        )
    counts = Counts(rows=rows, unreadable=unreadable, other_tasks=other_tasks)
    corpus = _corpus(gathered.values(), columns, all_entities, counts)
    if columns.entity and corpus.counts.entities == corpus.counts.entities_not_found:
        raise InputError(
            f"{paths[0]}: no text names its entity (column {columns.entity!r}) in these words.",
            "Name companies and assets as the text does: tickers and full names are not looked up.",
        )
    return corpus


def _rows(
    paths: Sequence[Path], columns: Columns, exported: Collection[Path]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[Task, str]]]:
    """Each row: where it stands, what it holds, and the columns of the tasks for which it may hold a label."""
    for path in paths:
        names, asked = columns.names(), columns.labels()
        for number, fields in read_records(path, [*names, "task"] if path in exported else names):
            if path in exported:
                asked = {task: column for task, column in columns.labels().items() if task == fields["task"]}
            yield f"{path}, row {number}", fields, asked


def _gather(
    where: str,
    found: _Gathered,
    fields: Mapping[str, Any],
    columns: Columns,
    asked: Mapping[Task, str],
    known: Mapping[Task, Mapping[str, int]],
) -> None:
    labelled = False
    for task, column in asked.items():
        if _is_empty(fields[column]):
            continue
        labelled = True
        label = read_label(f"{where}, column {column!r}", fields[column], known[task])
        if task == "entity":
            name = prepare_text(str(fields[columns.entity] or ""))
            if not name:
                raise InputError(f"{where}: the entity is empty.", "Fill it in, or leave its sentiment empty too.")
            found.names.setdefault(name.casefold(), name)
            found.entities.setdefault(name.casefold(), Counter())[label] += 1
        else:
            found.labels[task][label] += 1
    if not labelled:
        listed = ", ".join(map(repr, asked.values()))
        raise InputError(f"{where}: there is no label in {listed}.", "Fill it in or remove the row.")
    if columns.time:
        moment = _moment(where, fields[columns.time])
        found.time = moment if found.time is None else min(found.time, moment)
    if columns.group and not found.group and not _is_empty(fields[columns.group]):
        found.group = str(fields[columns.group])


def _moment(where: str, raw: object) -> datetime:
    parsed = parse_published(raw, UTC)
    if parsed is None:
        raise InputError(f"{where}: {str(raw)[:80]!r} is no time.", "Write times like 2026-03-04T09:30:00Z.")
    return parsed[0]


def _corpus(texts: Iterable[_Gathered], columns: Columns, all_entities: bool, counts: Counts) -> Corpus:
    examples, times, groups = list[Example](), list[datetime | None](), list[str]()
    conflicts = entities = lost = 0
    for found in texts:
        mentions = _mentions(found)
        conflicts += sum(len(votes) > 1 for votes in (*found.labels.values(), *found.entities.values()))
        entities += len(found.entities)
        lost += len(found.entities) - len(mentions)
        topic, sentiment = _majority(found.labels["topic"]), _majority(found.labels["sentiment"])
        if topic is None and sentiment is None and not mentions:
            continue
        tagged = all_entities and len(mentions) == len(found.entities) > 0
        examples.append(Example(found.text, topic=topic, sentiment=sentiment, mentions=mentions or None, tagged=tagged))
        times.append(found.time)
        groups.append(found.group)
    counts = msgspec.structs.replace(
        counts, texts=len(examples), conflicts=conflicts, entities=entities, entities_not_found=lost
    )
    return Corpus(examples, times, groups if columns.group else [], counts)


def _mentions(found: _Gathered) -> tuple[LabelledMention, ...]:
    """Each entity at its first occurrence; a longer name is not taken for a shorter one that it holds."""
    taken = list[LabelledMention]()
    for key, votes in sorted(found.entities.items(), key=lambda entry: -len(entry[0])):
        span = next((span for span in find_entity(found.text, found.names[key]) if is_free(span, taken)), None)
        if span is not None:
            taken.append(LabelledMention(*span, _majority(votes)))
    return tuple(sorted(taken, key=lambda mention: mention.start))


def _majority(votes: Counter[int]) -> int | None:
    return votes.most_common(1)[0][0] if votes else None


def _is_empty(raw: object) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip()) or (isinstance(raw, float) and raw != raw)
