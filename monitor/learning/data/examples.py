"""Labelled text: what an example is, files of one task, and the label map of whoever wrote them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from monitor.classify.labels import Labels, Task
from monitor.classify.mentions import Span
from monitor.classify.text import normalise_text, prepare_text, statement_key
from monitor.errors import InputError
from monitor.learning.data.reading import read_records

Row = tuple[int, Any, Any]
"""Row number (1 is the first data row), text, raw label."""


@dataclass(frozen=True)
class LabelledMention:
    """A company or asset in a text: characters [start, end), and the sentiment toward it or None where unknown."""

    start: int
    end: int
    sentiment: int | None = None


@dataclass(frozen=True)
class Example:
    """One training text; a label that is None is unknown, not absent.

    Attributes:
        text: As `prepare_text` returns it.
        topic: Index among the topics.
        sentiment: Index among the sentiments.
        mentions: Companies and assets in it.
        tagged: Whether `mentions` are all there are, so that the other tokens name none.
    """

    text: str
    topic: int | None = None
    sentiment: int | None = None
    mentions: tuple[LabelledMention, ...] | None = None
    tagged: bool = False

    def label(self, task: Task) -> int | None:
        """Return the label of the whole text for a task; None for entities, whose labels are on the mentions."""
        return {"topic": self.topic, "sentiment": self.sentiment, "entity": None}[task]


def find_entity(text: str, entity: str) -> list[Span]:
    """Where a text names an entity: whole words, whatever their case.

    >>> find_entity("Apple rises; pineapple does not, apple's peers do", "Apple")
    [(0, 5), (33, 38)]
    """
    return [found.span() for found in re.finditer(rf"(?<!\w){re.escape(entity)}(?!\w)", text, re.IGNORECASE)]


def is_free(span: Span, taken: Iterable[LabelledMention]) -> bool:
    """Whether a span overlaps none of the mentions."""
    return all(span[1] <= mention.start or mention.end <= span[0] for mention in taken)


class Targets(NamedTuple):
    """Mentions whose sentiment is known, over all examples: the text of each, its characters, the sentiment's index."""

    texts: list[str]
    spans: list[Span]
    sentiments: list[int]


def targets_of(examples: Iterable[Example]) -> Targets:
    """The mentions whose sentiment is known, in order."""
    known = [
        (example.text, (mention.start, mention.end), mention.sentiment)
        for example in examples
        for mention in example.mentions or ()
        if mention.sentiment is not None
    ]
    return Targets([text for text, _, _ in known], [span for _, span, _ in known], [label for _, _, label in known])


def without_added_topics(examples: Iterable[Example], own: int) -> list[Example]:
    """Leave out labels of topics that were added to a model: it answers with them, but its network has no such class.

    >>> [kept.topic for kept in without_added_topics([Example("a", topic=3), Example("b", topic=1)], own=2)]
    [None, 1]
    """
    return [
        replace(example, topic=None) if example.topic is not None and example.topic >= own else example
        for example in examples
    ]


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
    known = label_places(label_map, labels.names(task), task)
    return [_example(path, row, task, known) for row in read_rows(path, text_column, label_column)]


def read_rows(path: Path, text_column: str, label_column: str) -> Iterator[Row]:
    """Yield two columns of a file without interpreting them.

    Raises:
        InputError: See `read_records`.
    """
    for number, fields in read_records(path, (text_column, label_column)):
        yield number, fields[text_column], fields[label_column]


def label_places(label_map: Mapping[str, str], names: Sequence[str], task: Task) -> dict[str, int]:
    """The place among the names of each raw label; of the names themselves, where the map is empty.

    Raises:
        InputError: The map leads to a name that there is not.
    """
    for raw, name in label_map.items():
        if name not in names:
            raise InputError(
                f"label map: {raw}={name}: there is no {task} label {name!r}.", "Use one of: " + ", ".join(names)
            )
    return {raw: names.index(name) for raw, name in label_map.items()} or {name: i for i, name in enumerate(names)}


def read_text(where: str, raw: object) -> str:
    """The prepared text of a cell.

    Args:
        where: File and row.
        raw: The cell.

    Raises:
        InputError: It holds no text.
    """
    if raw is not None and not isinstance(raw, str):
        raise InputError(
            f"{where}: the text is no text but of type {type(raw).__name__}.",
            "Name another text column, or convert it.",
        )
    if not raw or not raw.strip():
        raise InputError(f"{where}: the text is empty.", "Fill it in or remove the row.")
    return prepare_text(raw)


def read_label(where: str, raw: object, known: Mapping[str, int]) -> int:
    """The place of a cell's label.

    Args:
        where: File and row.
        raw: The cell.
        known: Places by raw label.

    Raises:
        InputError: It is none of the known ones.
    """
    label = known.get(_raw_label(raw))
    if label is None:
        raise InputError(
            f"{where}: label {str(raw)[:80]!r} is not in the label map.",
            "Add it as raw=name; known raw labels: " + ", ".join(known),
        )
    return label


def without_repeats(examples: Iterable[Example], held_out: Iterable[str] = ()) -> list[Example]:
    """Merge texts that state the same (see `statement_key`), and drop those that are held out.

    Where repeats disagree on a label the most frequent one stays, the first seen among equals. Texts labelled for both
    tasks become one example, with the mentions of all, the first of those that overlap.

    Args:
        examples: Of any tasks.
        held_out: Texts whose words no training example may repeat, whatever the signs of the figures.
    """
    forbidden = {normalise_text(text) for text in held_out}
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        words = normalise_text(example.text)
        if words and words not in forbidden:
            groups[statement_key(example.text)].append(example)
    return [_merged(members) for members in groups.values()]


def fingerprint(examples: Sequence[Example]) -> str:
    """Return the sha256 of the examples, whatever their order."""
    lines = sorted(json.dumps(astuple(example)) for example in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _example(path: Path, row: Row, task: Task, known: Mapping[str, int]) -> Example:
    number, text, raw = row
    where = f"{path}, row {number}"
    prepared, label = read_text(where, text), read_label(where, raw, known)
    return Example(prepared, topic=label) if task == "topic" else Example(prepared, sentiment=label)


def _raw_label(raw: Any) -> str:
    """Return a label as one would type it: Parquet turns a column of whole numbers with gaps into 2.0."""
    return str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw).strip()


def _merged(members: Sequence[Example]) -> Example:
    # One that marks all there is, else one that marks anything, has the text that the others' mentions are moved to.
    marked = max(members, key=lambda member: (member.tagged, member.mentions is not None))
    mentions = list(marked.mentions or ())
    for member in members:
        for mention in member.mentions or ():
            moved = _moved(mention, member.text, marked.text)
            if moved is not None and is_free((moved.start, moved.end), mentions):
                mentions.append(moved)
    return replace(
        marked,
        topic=_majority(members, "topic"),
        sentiment=_majority(members, "sentiment"),
        mentions=None if marked.mentions is None else tuple(sorted(mentions, key=lambda mention: mention.start)),
    )


def _moved(mention: LabelledMention, text: str, onto: str) -> LabelledMention | None:
    """A mention in a text that differs in case and punctuation; None where these part its name otherwise."""
    if text == onto:
        return mention
    name = text[mention.start : mention.end]
    before, after = find_entity(text, name), find_entity(onto, name)
    if (mention.start, mention.end) not in before or len(before) != len(after):
        return None
    start, end = after[before.index((mention.start, mention.end))]
    return replace(mention, start=start, end=end)


def _majority(members: Sequence[Example], task: Task) -> int | None:
    counts = Counter(label for member in members if (label := member.label(task)) is not None)
    return counts.most_common(1)[0][0] if counts else None
