"""What the store's labels amount to in figures, and which labels may be given."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import msgspec

from monitor.classify.labels import Labels
from monitor.learning.data.label import LABEL_TASKS
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


def _sums(totals: list[stored.LabelTotal], name: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for total in totals:
        sums[getattr(total, name)] += total.count
    return dict(sorted(sums.items()))
