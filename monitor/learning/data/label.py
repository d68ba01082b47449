"""The noun of labelling: what a person, or a file, says of a text; and what many of them agree on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Literal, get_args

import msgspec

from monitor.classify.text import normalise_text

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
        """Texts that differ only in URLs, case or punctuation have the same."""
        return text_key(self.text)


class AgreedLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What most authors say of a text, the newest label deciding among equals.

    Attributes:
        text: As the newest of them has it.
        task: What is labelled.
        label: Name of a topic or of a sentiment.
        entity: As the text names it; empty but for the task entity.
        votes: How many authors say so.
        authors: How many authors said anything.
        newest_at: UTC-aware; of the newest label, whatever it says.
    """

    text: str
    task: LabelTask
    label: str
    entity: str
    votes: int
    authors: int
    newest_at: datetime


def text_key(text: str) -> str:
    """The sha256, in hexadecimal, of a text without URLs, case and punctuation.

    >>> text_key("Oil FALLS 3%! https://example.com/a") == text_key("oil falls 3")
    True
    """
    return hashlib.sha256(normalise_text(text).encode()).hexdigest()


def agree(labels: Iterable[Label]) -> Iterator[AgreedLabel]:
    """The majority for each text, task and entity.

    Args:
        labels: Those of the same text, task and entity next to one another.
    """
    for _, same in groupby(labels, attrgetter("text_key", "task", "entity")):
        members = sorted(same, key=attrgetter("created_at"), reverse=True)
        votes = Counter(member.label for member in members)
        # The first of the most frequent ones is the newest: a Counter keeps the order in which it met them.
        label, count = votes.most_common(1)[0]
        newest = members[0]
        yield AgreedLabel(
            text=newest.text,
            task=newest.task,
            label=label,
            entity=newest.entity,
            votes=count,
            authors=len(members),
            newest_at=newest.created_at,
        )
