"""Labels from files into the store, and back."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec
from msgspec import structs

from monitor.classify.labels import Labels, Task
from monitor.classify.text import normalise_text, prepare_text
from monitor.errors import InputError
from monitor.learning.data.examples import find_entity, read_examples, read_rows, read_text
from monitor.learning.data.label import Label, LabelTask
from monitor.learning.data.reading import read_records
from monitor.learning.data.replaying import is_held_out
from monitor.store import labels as stored
from monitor.store.database import Database

MAX_ENTITY_CHARACTERS: Final = 200
MAX_AUTHOR_CHARACTERS: Final = 200
EXPORTED: Final = tuple(Label.__struct_fields__)
"""Columns of an export, in order."""

_MAY_BE_ABSENT = ("article_id", "model_said", "model_version")
"""Columns of an export that are empty where a label has none; CSV knows no other emptiness than empty text."""

_MEND = "Mend or remove the row."
_CHUNK_ROWS = 2_000
_CLOCKS_DIFFER = timedelta(minutes=5)
"""By so much the clock of the machine that exported may be ahead."""


class LabelsImported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file's rows.

    Attributes:
        rows: All of them.
        added: Labels that are new.
        corrected: Labels that took the place of the same author's.
        unchanged: Labels that were there already, or were corrected by a later row of the same text.
        unreadable: Rows whose text holds no letter or digit.
        entities_not_found: Labels whose entity the text does not name in these words; training cannot use them.
    """

    rows: int
    added: int
    corrected: int
    unchanged: int
    unreadable: int
    entities_not_found: int


class Exported(msgspec.Struct, frozen=True):
    """What a training must know of an export.

    Attributes:
        judging: The texts that judge what is trained (see `is_held_out`), and must not train it.
        newest_at: UTC-aware; when the newest label of the tasks that are trained was given; None without any.
    """

    judging: list[str]
    newest_at: datetime | None


class LabelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of labels, and how to read it.

    Of an export, which says it all, nothing but the path need be given: its rows are the labels that they were, with
    their authors and times. Columns that are named must be its own, or it is read like any other file.

    Attributes:
        path: A .csv, .jsonl, .ndjson or .parquet file; the text formats may be gzipped (.gz).
        text_column: Name of the column that holds the text.
        label_column: Name of the column that holds the label.
        task: What is labelled; None for whatever an export holds.
        label_map: Label name by raw label; empty if the file holds the names themselves.
        entity_column: Name of the column that holds the entity; for the task entity, and for it alone.
        author: Whose labels they are; empty: the file's name serves, or an export's own authors.
    """

    path: Path
    text_column: str = ""
    label_column: str = ""
    task: LabelTask | None = None
    label_map: Mapping[str, str] = {}
    entity_column: str = ""
    author: str = ""


def import_labels(database: Database, file: LabelFile, labels: Labels, now: datetime) -> LabelsImported:
    """Read a file's labels into the store: all of them, or none where a row has a fault.

    Args:
        database: The store.
        file: What to read.
        labels: The names that exist.
        now: UTC-aware wall clock.

    Raises:
        InputError: Naming file, row and remedy.
        StoreError: The database failed; what was written before stays, and the same import again completes it.
    """
    rows, given = _read(file, labels, now)
    written = []
    for start in range(0, len(given), _CHUNK_ROWS):
        with database.write() as connection:
            written.append(stored.write_labels(connection, given[start : start + _CHUNK_ROWS]))
    return LabelsImported(
        rows=rows,
        added=sum(part.added for part in written),
        corrected=sum(part.corrected for part in written),
        unchanged=sum(part.unchanged for part in written),
        unreadable=rows - len(given),
        entities_not_found=sum(bool(label.entity) and not find_entity(label.text, label.entity) for label in given),
    )


def export_labels(database: Database, path: Path, task: LabelTask | None = None) -> int:
    """Write labels to a file that an import reads; one of that name is replaced once the new one is whole.

    Args:
        database: The store.
        path: A .csv or .jsonl file.
        task: Which; None for all.

    Returns:
        How many.

    Raises:
        InputError: The format is another, or the file cannot be written.
    """
    writers: dict[str, Callable[[TextIO, Iterator[Label]], int]] = {".csv": _write_csv, ".jsonl": _write_jsonl}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"{path}: labels are not exported to {path.suffix or 'that'!r}.", "Name a .csv or .jsonl file."
        )
    with _whole_file(path) as file, database.read() as connection:
        return writer(file, stored.read_labels(connection, task))


def read_export(path: Path, tasks: Collection[Task], now: datetime) -> Exported | None:
    """What a training must know of a file; None if it is no export.

    Args:
        path: The file.
        tasks: Those that are trained.
        now: UTC-aware wall clock.

    Raises:
        InputError: Naming file, row and remedy.
    """
    if not _has_columns_of_export(path):
        return None
    judging, given = list[str](), list[datetime]()
    for number, fields in read_records(path, ("text", "task", "created_at")):
        where = f"{path}, row {number}"
        text = read_text(where, fields["text"])
        if is_held_out(text):  # whatever its task: the job judges all of them
            judging.append(text)
        try:
            made = _given_at(where, msgspec.convert(fields["created_at"], datetime), now)
        except msgspec.ValidationError as error:
            raise InputError(f"{where}: created_at: {error}.", _MEND) from error
        if fields["task"] in tasks:
            given.append(made)
    return Exported(judging, max(given, default=None))


def _read(file: LabelFile, labels: Labels, now: datetime) -> tuple[int, list[Label]]:
    """The number of rows, and the labels of those whose text can be read."""
    given = _exported_labels(file, labels, now) if _is_export(file) else _labels(file, labels, now)
    return len(given), [label for label in given if normalise_text(label.text)]


def _is_export(file: LabelFile) -> bool:
    """Whether a file has an export's columns, and nothing else is asked of it."""
    asked = {"text": file.text_column, "label": file.label_column, "entity": file.entity_column}
    if file.label_map or any(column and column != own for own, column in asked.items()):
        return False
    return _has_columns_of_export(file.path)


def _has_columns_of_export(path: Path) -> bool:
    try:
        next(read_records(path, EXPORTED))
    except InputError:
        return False
    return True


def _exported_labels(file: LabelFile, labels: Labels, now: datetime) -> list[Label]:
    return [
        _exported_label(f"{file.path}, row {number}", fields, file, labels, now)
        for number, fields in read_records(file.path, EXPORTED)
    ]


def _exported_label(where: str, fields: Mapping[str, Any], file: LabelFile, labels: Labels, now: datetime) -> Label:
    absent = {name: fields[name] or None for name in _MAY_BE_ABSENT}
    try:
        label = msgspec.convert({**fields, **absent}, Label)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {error}.", _MEND) from error
    if file.task not in (None, label.task):
        raise InputError(f"{where}: its task is {label.task}, not {file.task}.", "Leave the task out: all are read.")
    if label.label not in labels.names(label.task):
        remedy = f"{_MEND} Topics that no model knows yet are announced: --new-topics."
        raise InputError(f"{where}: there is no {label.task} label {label.label!r}.", remedy)
    if label.entity and label.task != "entity":
        raise InputError(f"{where}: the task {label.task} knows no entity.", _MEND)
    return structs.replace(
        label,
        text=read_text(where, label.text),
        entity=_entity(where, label.entity) if label.task == "entity" else "",
        author=_author(where, file.author or label.author),
        created_at=_given_at(where, label.created_at, now),
    )


def _given_at(where: str, moment: datetime, now: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InputError(f"{where}: created_at has no time zone.", _MEND)
    if moment > now + _CLOCKS_DIFFER:
        # Nobody could correct it, as an older label takes the place of none; and all others would be old to a model.
        raise InputError(f"{where}: created_at lies in the future.", f"{_MEND} Or set this machine's clock.")
    return moment.astimezone(UTC)


def _labels(file: LabelFile, labels: Labels, now: datetime) -> list[Label]:
    task = file.task
    if not (task and file.text_column and file.label_column):
        raise InputError(
            f"{file.path}: it holds no labels as an export writes them.",
            "Check the path, or say what the file holds: --text-column, --label-column, --task.",
        )
    author = _author(str(file.path), file.author or file.path.name)
    if (task == "entity") != bool(file.entity_column):
        raise InputError(
            f"The task {task} {'needs an' if task == 'entity' else 'knows no'} entity column.",
            "Name the column that says toward whom: --entity-column, with --task entity.",
        )
    head: Task = "topic" if task == "topic" else "sentiment"
    names = labels.names(head)
    examples = read_examples(
        file.path,
        text_column=file.text_column,
        label_column=file.label_column,
        task=head,
        label_map=file.label_map,
        labels=labels,
    )
    entities = list(_entities(file)) if file.entity_column else [""] * len(examples)
    return [
        Label(
            text=example.text,
            task=task,
            label=names[place],
            entity=entity,
            source="import",
            author=author,
            created_at=now,
        )
        for example, entity in zip(examples, entities, strict=True)
        if (place := example.label(head)) is not None
    ]


def _entities(file: LabelFile) -> Iterator[str]:
    for number, _, raw in read_rows(file.path, file.text_column, file.entity_column):
        yield _entity(f"{file.path}, row {number}", raw)


def _entity(where: str, raw: object) -> str:
    entity = prepare_text(raw) if isinstance(raw, str) else ""
    if not entity or len(entity) > MAX_ENTITY_CHARACTERS:
        raise InputError(
            f"{where}: the entity is empty or longer than {MAX_ENTITY_CHARACTERS} characters.",
            "Name a company or an asset as the text does, or remove the row.",
        )
    return entity


def _author(where: str, name: str) -> str:
    author = name.strip()
    if not author or len(author) > MAX_AUTHOR_CHARACTERS:
        raise InputError(
            f"{where}: the author's name is empty or longer than {MAX_AUTHOR_CHARACTERS} characters.",
            "Give another: --author.",
        )
    return author


@contextmanager
def _whole_file(path: Path) -> Iterator[TextIO]:
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}.", "Check the folder and its rights.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _write_csv(file: TextIO, labels: Iterator[Label]) -> int:
    writer = csv.DictWriter(file, EXPORTED)
    writer.writeheader()
    count = 0
    for count, label in enumerate(labels, 1):  # noqa: B007 - the last number is wanted
        writer.writerow(_plain(label))
    return count


def _write_jsonl(file: TextIO, labels: Iterator[Label]) -> int:
    count = 0
    for count, label in enumerate(labels, 1):  # noqa: B007 - the last number is wanted
        file.write(msgspec.json.encode(_plain(label)).decode() + "\n")
    return count


def _plain(label: Label) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(label)
    return plain
