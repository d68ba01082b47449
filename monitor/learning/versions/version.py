"""The nouns of the registry: a model version, a change of an alias, a judgement; and who has been champion."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

Origin = Literal["trained", "distilled", "retrained", "topics", "imported"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)

Alias = Literal["champion", "candidate"]
"""The champion serves; the candidate waits for its judgement."""
ALIASES: tuple[Alias, ...] = get_args(Alias)

ChangeKind = Literal["promoted", "rolled-back", "set", "cleared"]

Fate = Literal["promoted", "refused"]


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A model as the registry keeps it; nothing of it ever changes.

    Attributes:
        id: The manifest's model version: grade, a hyphen, twelve hexadecimal digits of a hash of its content.
        grade: Name of the model within its family, such as "fast".
        parent: Id of the version it was trained from; empty where there is none.
        created_at: UTC-aware; when it was added.
        origin: How it came to be.
        url: Its folder, relative to the registry's URL.
        manifest: JSON, as it lies beside the weights.
        data_fingerprint: sha256 of the training examples.
        note: One sentence for a person, possibly empty.
    """

    id: str
    grade: str
    parent: str
    created_at: datetime
    origin: Origin
    url: str
    manifest: str
    data_fingerprint: str
    note: str = ""

    @property
    def papers(self) -> dict[str, Any]:
        """The manifest's content, whatever the version of its structure."""
        papers: dict[str, Any] = msgspec.json.decode(self.manifest, type=dict[str, Any])
        return papers

    @property
    def metrics(self) -> dict[str, Any]:
        """Figures by set."""
        metrics: dict[str, Any] = self.papers.get("metrics", {})
        return metrics

    @property
    def added_topics(self) -> list[str]:
        """Names of the topics that were added to the model's own."""
        topics: list[str] = self.papers.get("topics", [])
        return topics[len(topics) - self.papers.get("added_topics", 0) :]

    @property
    def labels_until(self) -> datetime | None:
        """UTC-aware; up to when the store's labels are not new to it; None where its manifest does not say it."""
        told = self.papers.get("labels_until")
        return None if told is None else msgspec.convert(told, datetime)

    @property
    def files(self) -> dict[str, str]:
        """sha256 of each file, by name."""
        files: dict[str, str] = self.papers["files"]
        return files


class AliasState(msgspec.Struct, frozen=True):
    """Which version bears an alias, None for none; `revision` grows by one with every change, 0 before the first."""

    version: str | None
    revision: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """When, why and by whom an alias is changed; `why` is one sentence, `by` a person's or a job's name."""

    at: datetime
    why: str
    by: str


class AliasChange(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history of an alias.

    Attributes:
        grade: Whose alias.
        alias: Which.
        revision: Of the alias after the change.
        kind: What was done.
        before: Id of the version that bore it, None for none.
        after: Likewise, since.
        at: UTC-aware wall clock.
        why: One sentence.
        by: A person's or a job's name.
    """

    grade: str
    alias: Alias
    revision: int
    kind: ChangeKind
    before: str | None
    after: str | None
    at: datetime
    why: str
    by: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """How a candidate did against the champion.

    Attributes:
        grade: Of both.
        candidate: Id of a version.
        champion: Likewise; empty where there was none.
        at: UTC-aware wall clock.
        verdict: What followed.
        reason: Its kind, one word.
        details: Figures of both sides, the interval of their difference.
    """

    grade: str
    candidate: str
    champion: str
    at: datetime
    verdict: Fate
    reason: str
    details: dict[str, Any] = {}


def reign(changes: Iterable[AliasChange]) -> list[str]:
    """The champions that rollbacks walk back through, the present one last.

    A promotion puts a version on top; a rollback takes the top one off for good, so that two in a row walk further back
    rather than to and fro.

    Args:
        changes: Of one grade's champion, oldest first.
    """
    champions: list[str] = []
    for change in changes:
        if change.kind == "rolled-back":
            champions.pop()
        elif change.after is not None:
            champions.append(change.after)
    return champions
