"""What the store's labels amount to: statistics, agreement, examples to train on."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

import msgspec

from monitor.classify.labels import Labels, Task
from monitor.classify.text import normalise_text
from monitor.learning.examples import Example, LabelledMention
from monitor.learning.label import LABEL_TASKS, AgreedLabel, agree
from monitor.store import labels as stored
from monitor.store import models
from monitor.store.database import Database


class TaskStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What is labelled of one task.

    Attributes:
        total: Labels.
        by_label: Labels by what they say.
        by_author: Labels by who says it.
        asked: Labels of texts of which a model had said something.
        differing: Labels among these that say something else.
        conflicts: Texts (or entities in a text) on which authors differ.
    """

    total: int
    by_label: dict[str, int]
    by_author: dict[str, int]
    asked: int
    differing: int
    conflicts: int


class LabelStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What is labelled: by task, in all, in how many different texts, the newest when."""

    labels: int
    texts: int
    newest_at: datetime | None
    tasks: dict[str, TaskStatistics]


def known_labels(database: Database, new_topics: tuple[str, ...] = ()) -> Labels:
    """The labels that may be given: those of the code, the topics that were added to a champion, and new ones."""
    own = Labels()
    with database.read() as connection:
        bearers = {version for (_, alias), version in models.read_aliases(connection).items() if alias == "champion"}
        versions = [models.read_version(connection, version_id) for version_id in sorted(bearers)]
    topics = dict.fromkeys(topic for version in versions if version for topic in version.papers.get("topics", ()))
    topics.update(dict.fromkeys(new_topics))
    return Labels(added=tuple(topic for topic in topics if topic not in own.topics))


def label_statistics(database: Database) -> LabelStatistics:
    """What is labelled, and where models and authors differ."""
    with database.read() as connection:
        totals = stored.count_labels(connection)
        conflicts = stored.count_conflicts(connection)
        texts = stored.count_texts(connection)
    by_task: dict[str, list[stored.LabelTotal]] = defaultdict(list)
    for total in totals:
        by_task[total.task].append(total)
    return LabelStatistics(
        labels=sum(total.count for total in totals),
        texts=texts,
        newest_at=max((total.newest_at for total in totals), default=None),
        tasks={
            task: TaskStatistics(
                total=sum(total.count for total in by_task[task]),
                by_label=_sums(by_task[task], "label"),
                by_author=_sums(by_task[task], "author"),
                asked=sum(total.asked for total in by_task[task]),
                differing=sum(total.differing for total in by_task[task]),
                conflicts=conflicts.get(task, 0),
            )
            for task in LABEL_TASKS
            if task in by_task
        },
    )


def agreed_labels(database: Database, since: datetime | None = None) -> list[AgreedLabel]:
    """What most authors say of each text, task and entity; of those alone that someone labelled at or after `since`."""
    with database.read() as connection:
        agreed = list(agree(stored.read_labels(connection)))
    return [label for label in agreed if since is None or label.newest_at >= since]


def labelled_examples(database: Database, since: datetime | None = None, labels: Labels | None = None) -> list[Example]:
    """What the store has to train on: one example for each text, in an order that depends on the texts alone.

    Labels that `labels` does not know are left out, and so are entities that the text does not name in these words.

    Args:
        database: The store.
        since: UTC-aware; only texts, tasks and entities that someone labelled then or later. None for all.
        labels: Gives names their places; None for those of the code, without added topics.
    """
    known = labels or Labels()
    by_text: dict[str, list[AgreedLabel]] = defaultdict(list)
    for label in agreed_labels(database, since):
        by_text[normalise_text(label.text)].append(label)
    examples = (_example_of(by_text[key], known) for key in sorted(by_text))
    return [example for example in examples if example is not None]


def find_entity(text: str, entity: str) -> list[tuple[int, int]]:
    """Where a text names an entity, as half-open spans of characters; whole words, whatever their case.

    >>> find_entity("Apple rises; pineapple does not, apple's peers do", "Apple")
    [(0, 5), (33, 38)]
    """
    pattern = rf"(?<!\w){re.escape(entity)}(?!\w)"
    return [found.span() for found in re.finditer(pattern, text, re.IGNORECASE)]


def _example_of(members: list[AgreedLabel], known: Labels) -> Example | None:
    text = max(members, key=lambda member: member.newest_at).text
    places: dict[Task, int] = {}
    toward: list[tuple[str, int]] = []
    for member in members:
        head: Task = "topic" if member.task == "topic" else "sentiment"
        if member.label not in known.names(head):
            continue
        place = known.names(head).index(member.label)
        if member.task == "entity":
            toward.append((member.entity, place))
        else:
            places[head] = place
    mentions = _mentions(text, toward)
    if not (places or mentions):
        return None
    return Example(text, topic=places.get("topic"), sentiment=places.get("sentiment"), mentions=mentions or None)


def _mentions(text: str, toward: list[tuple[str, int]]) -> tuple[LabelledMention, ...]:
    """Where entities are named; a longer name is not taken for a shorter one that it holds."""
    taken: list[LabelledMention] = []
    for entity, sentiment in sorted(toward, key=lambda pair: (-len(pair[0]), pair[0])):
        for start, end in find_entity(text, entity):
            if all(end <= other.start or other.end <= start for other in taken):
                taken.append(LabelledMention(start, end, sentiment))
    return tuple(sorted(taken, key=lambda mention: mention.start))


def _sums(totals: list[stored.LabelTotal], name: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for total in totals:
        sums[getattr(total, name)] += total.count
    return dict(sorted(sums.items()))
