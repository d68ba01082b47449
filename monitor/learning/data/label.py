"""The noun of labelling: what a person, or a file, says of a text; and what many of them agree on."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Literal, get_args

import msgspec

from monitor.classify.text import statement_key

LabelTask = Literal["topic", "sentiment", "entity"]
"""What is labelled: the topic or the sentiment of a text, or the sentiment toward an entity that it names."""
LABEL_TASKS: tuple[LabelTask, ...] = get_args(LabelTask)

LabelSource = Literal["analyst", "import"]


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One author's label of one text.

    Attributes:
        text: As `prepare_text` returns it.
        task: What is labelled.
        label: Name of a topic or of a sentiment.
        entity: As the text names it; empty but for the task entity.
        article_id: The article whose text it is; None where it is none of the store's.
        model_said: Name of what a model had given it; None where none was asked.
        model_version: That model's.
        source: How the label came.
        author: A person's name, or a file's.
        created_at: UTC-aware wall clock; of the last correction.
    """

    text: str
    task: LabelTask
    label: str
    entity: str = ""
    article_id: str | None = None
    model_said: str | None = None
    model_version: str | None = None
    source: LabelSource = "analyst"
    author: str
    created_at: datetime

    @property
    def text_key(self) -> str:
        """Texts that state the same have the same; see `statement_key`."""
        return text_key(self.text)


class AgreedLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What most authors say of a text, the newest label deciding among equals.

    Attributes:
        text: As the newest of them has it.
        task: What is labelled.
        label: Name of a topic or of a sentiment.
        entity: As most of them write it; empty but for the task entity.
        votes: How many authors say so.
        authors: How many authors said anything.
        agreed_at: UTC-aware; of the vote that made it so. Who agrees later, or differs in vain, makes it no newer.
    """

    text: str
    task: LabelTask
    label: str
    entity: str
    votes: int
    authors: int
    agreed_at: datetime


def text_key(text: str) -> str:
    """The sha256, in hexadecimal, of what a text states, whatever its URLs, case and punctuation.

    >>> text_key("Oil FALLS 3%! https://example.com/a") == text_key("oil falls 3")
    True
    """
    return hashlib.sha256(statement_key(text).encode()).hexdigest()


def agree(labels: Iterable[Label]) -> Iterator[AgreedLabel]:
    """The majority for each text, task and entity, whatever the entity's case.

    Args:
        labels: Those of the same text and task next to one another.
    """
    yield from map(_agreed, of_the_same(labels))


def of_the_same(labels: Iterable[Label]) -> Iterator[list[Label]]:
    """The labels of each text, task and entity, whatever the entity's case.

    Args:
        labels: Those of the same text and task next to one another.
    """
    for _, same in groupby(labels, attrgetter("text_key", "task")):
        toward: dict[str, list[Label]] = defaultdict(list)
        for label in same:
            toward[label.entity.casefold()].append(label)
        yield from toward.values()


def differ(labels: Sequence[Label]) -> bool:
    """Whether authors differ on one text, task and entity, of which the labels are."""
    return len({voice.label for voice in _voices(labels)}) > 1


def _voices(labels: Sequence[Label]) -> list[Label]:
    """The newest label of each author, oldest first: one who wrote the entity in two ways is heard once."""
    oldest_first = sorted(labels, key=attrgetter("created_at"), reverse=True)[::-1]
    return sorted({label.author: label for label in oldest_first}.values(), key=attrgetter("created_at"))


def _agreed(labels: Sequence[Label]) -> AgreedLabel:
    newest_first = sorted(labels, key=attrgetter("created_at"), reverse=True)
    voices = _voices(labels)
    votes, agreed = Counter[str](), voices[0]
    for voice in voices:
        votes[voice.label] += 1
        if voice.label != agreed.label and votes[voice.label] >= votes[agreed.label]:
            agreed = voice
    return AgreedLabel(
        text=newest_first[0].text,
        task=agreed.task,
        label=agreed.label,
        entity=Counter(label.entity for label in newest_first).most_common(1)[0][0],
        votes=votes[agreed.label],
        authors=len(voices),
        agreed_at=agreed.created_at,
    )
