"""Labelled text from files: CSV, JSON lines or Parquet, with the label map of whoever wrote them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.classify.labels import Labels, Task
from monitor.classify.text import normalise_text, prepare_text
from monitor.errors import InputError

Row = tuple[int, Any, Any]
"""Row number (1 is the first data row), text, raw label."""


@dataclass(frozen=True)
class Example:
    """One training text; a label that is None is unknown, not absent.

    Attributes:
        text: As `prepare_text` returns it.
        topic: Index among the topics.
        sentiment: Index among the sentiments.
    """

    text: str
    topic: int | None = None
    sentiment: int | None = None

    def label(self, task: Task) -> int | None:
        """Return the label of one head."""
        return self.topic if task == "topic" else self.sentiment


def parse_label_map(written: str) -> dict[str, str]:
    """Read a label map as typed on a command line.

    Args:
        written: Pairs `raw=name`, separated by commas.

    Raises:
        InputError: If a pair has no `=`, or a raw label appears twice.

    >>> parse_label_map("0=negative, 2=neutral")
    {'0': 'negative', '2': 'neutral'}
    """
    pairs: dict[str, str] = {}
    for part in written.split(","):
        raw, equals, name = part.partition("=")
        raw, name = raw.strip(), name.strip()
        if not (equals and raw and name):
            raise InputError(f"label map: {part.strip()!r} is not raw=name.", "Write pairs like 0=negative,1=positive.")
        if raw in pairs:
            raise InputError(f"label map: raw label {raw!r} appears twice.", "Give each raw label once.")
        pairs[raw] = name
    return pairs


def read_examples(
    path: Path, *, text_column: str, label_column: str, task: Task, label_map: Mapping[str, str], labels: Labels
) -> list[Example]:
    """Read labelled texts of one task.

    Args:
        path: A .csv, .jsonl, .ndjson or .parquet file; the text formats may be gzipped (.gz).
        text_column: Name of the column that holds the text.
        label_column: Name of the column that holds the label.
        task: The head that the labels are for.
        label_map: Label name by raw label; empty if the file holds the names themselves.
        labels: The names that exist.

    Returns:
        One example per row, in file order.

    Raises:
        InputError: Naming file, row and remedy.
    """
    names = labels.names(task)
    for raw, name in label_map.items():
        if name not in names:
            raise InputError(
                f"label map: {raw}={name}: there is no {task} label {name!r}.", "Use one of: " + ", ".join(names)
            )
    known = {raw: names.index(name) for raw, name in label_map.items()} or {name: i for i, name in enumerate(names)}
    examples = [_example(path, row, task, known) for row in read_rows(path, text_column, label_column)]
    if not examples:
        raise InputError(f"{path}: no rows.", "Give a file with at least one labelled text.")
    return examples


def read_rows(path: Path, text_column: str, label_column: str) -> Iterator[Row]:
    """Yield the rows of a file without interpreting them.

    Raises:
        InputError: If the file is missing, of another format or encoding, or lacks a column.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.", "Check the path.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-2] if len(suffixes) > 1 and suffixes[-1] == ".gz" else (suffixes[-1] if suffixes else "")
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}
    if kind not in readers:
        raise InputError(f"{path}: unknown format {kind!r}.", "Give a .csv, .jsonl or .parquet file.")
    try:
        yield from readers[kind](path, text_column, label_column)
    except (UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: not readable as UTF-8 text: {error}.", "Save the file as UTF-8.") from error


def without_repeats(examples: Iterable[Example], held_out: Iterable[str] = ()) -> list[Example]:
    """Merge texts that are the same but for URLs, case and punctuation, and drop those that are held out.

    Where repeats disagree on a label the most frequent one stays, the first seen among equals. Texts labelled for both
    tasks become one example.

    Args:
        examples: Of any tasks.
        held_out: Texts that no training example may repeat.
    """
    forbidden = {normalise_text(text) for text in held_out}
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        key = normalise_text(example.text)
        if key and key not in forbidden:
            groups[key].append(example)
    return [
        Example(members[0].text, topic=_majority(members, "topic"), sentiment=_majority(members, "sentiment"))
        for members in groups.values()
    ]


def fingerprint(examples: Sequence[Example]) -> str:
    """Return the sha256 of the examples, whatever their order."""
    lines = sorted(json.dumps([example.text, example.topic, example.sentiment]) for example in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _example(path: Path, row: Row, task: Task, known: Mapping[str, int]) -> Example:
    number, text, raw = row
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{path}, row {number}: the text is empty.", "Fill it in or remove the row.")
    label = known.get(_raw_label(raw))
    if label is None:
        raise InputError(
            f"{path}, row {number}: label {str(raw)[:80]!r} is not in the label map.",
            "Add it as raw=name; known raw labels: " + ", ".join(known),
        )
    prepared = prepare_text(text)
    return Example(prepared, topic=label) if task == "topic" else Example(prepared, sentiment=label)


def _raw_label(raw: Any) -> str:
    """Return a label as one would type it: Parquet turns a column of whole numbers with gaps into 2.0."""
    return str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw).strip()


def _majority(members: Sequence[Example], task: Task) -> int | None:
    counts = Counter(label for member in members if (label := member.label(task)) is not None)
    return counts.most_common(1)[0][0] if counts else None


def _lines(path: Path) -> Iterator[str]:
    with (gzip.open if path.suffix.lower() == ".gz" else open)(path, "rt", encoding="utf-8-sig", newline="") as file:
        yield from file


def _csv_rows(path: Path, text_column: str, label_column: str) -> Iterator[Row]:
    reader = csv.DictReader(_lines(path), strict=True)
    try:
        _require_columns(path, reader.fieldnames or (), (text_column, label_column))
        for number, row in enumerate(reader, 1):
            yield number, row[text_column], row[label_column]
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num + 1}: {error}.", "Mend the quoting of that line.") from error


def _json_rows(path: Path, text_column: str, label_column: str) -> Iterator[Row]:
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, row {number}: not JSON: {error}.", "Write one object per line.") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}, row {number}: not a JSON object.", "Write one object per line.")
        _require_columns(f"{path}, row {number}", tuple(row), (text_column, label_column))
        yield number, row[text_column], row[label_column]


def _parquet_rows(path: Path, text_column: str, label_column: str) -> Iterator[Row]:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    try:
        file = parquet.ParquetFile(path)
    except arrow.ArrowInvalid as error:
        raise InputError(f"{path}: not a Parquet file: {error}.", "Check how the file was written.") from error
    _require_columns(path, file.schema_arrow.names, (text_column, label_column))
    number = 0
    for batch in file.iter_batches(columns=[text_column, label_column]):
        texts, labels = batch.column(text_column).to_pylist(), batch.column(label_column).to_pylist()
        for text, label in zip(texts, labels, strict=True):
            number += 1
            yield number, text, label


def _require_columns(where: Path | str, found: Sequence[str], needed: Sequence[str]) -> None:
    for column in needed:
        if column not in found:
            raise InputError(f"{where}: no column {column!r}.", "Name one of: " + ", ".join(map(str, found)))
