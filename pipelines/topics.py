"""Topics that an analyst adds to a model: from examples or a description to a new model version, the rest unchanged."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.classify.added_topics import FILE_NAME, AddedTopic, load_added_topics, write_added_topics
from monitor.classify.engine import Engine
from monitor.classify.labels import Labels, topic_slug
from monitor.classify.manifest import CARD_NAME, Manifest, file_sha256, load_manifest, write_manifest
from monitor.classify.text import normalise_text, prepare_text
from monitor.demo import SCENARIO
from monitor.errors import InputError
from monitor.ingest.items import ColumnMap
from monitor.ingest.sources.files import read_items
from monitor.learning.topics.making import (
    LEAST_BACKGROUND,
    MOST_BACKGROUND,
    Expectation,
    Question,
    question_of_description,
    question_of_examples,
)
from monitor.learning.versions.registry import Registry
from monitor.learning.versions.version import ModelVersion
from monitor.store.database import Database
from monitor.store.samples import sample_stories
from monitor.surges.windows import Window
from pipelines.topic_requests import TopicRequest, require_free_name

RECENT = timedelta(days=30)
"""Stories of so long are the background."""

_BATCH = 256

Vectors = npt.NDArray[np.float32]


class Background(msgspec.Struct, frozen=True):
    """Ordinary texts, in random order, and whether they are the store's stories or the demo's headlines."""

    texts: tuple[str, ...]
    origin: Literal["store", "demo", "store and demo"]


class Candidate(msgspec.Struct, frozen=True):
    """A background text, how probably it belongs to the new topic, and the topic it has without that."""

    text: str
    probability: float
    topic: str


@dataclass(frozen=True)
class Proposal:
    """A topic that could be added, and what an analyst should see before it is.

    Attributes:
        topic: As it would be stored.
        expected: How it will do.
        background: What it was measured on.
        nearest: The background's most probable texts, the best first.
        own: The topics that the examples have without it, the most frequent first, with their counts.
    """

    topic: AddedTopic
    expected: Expectation
    background: Background
    nearest: tuple[Candidate, ...]
    own: tuple[tuple[str, int], ...]


def read_background(database: Database | None, now: datetime) -> Background:
    """The store's stories of the last weeks; while these are few, the headlines of the demo as well.

    Args:
        database: The store; None where there is none yet.
        now: UTC-aware.
    """
    stories: list[str] = []
    if database is not None:
        with database.read() as connection:
            found = sample_stories(connection, Window(now - RECENT, now), MOST_BACKGROUND)
        stories = _distinct([prepare_text(story.title, story.body) for story in found])
    if len(stories) >= LEAST_BACKGROUND:
        return Background(tuple(stories), "store")
    invented = demo_headlines()
    mixed = stories + [invented[place] for place in np.random.default_rng(0).permutation(len(invented))]
    return Background(tuple(_distinct(mixed)), "store and demo" if stories else "demo")


def demo_headlines() -> list[str]:
    """The different headlines of the demo's invented week, in order."""
    titles = (
        item.fields.get("title") for item in read_items(SCENARIO, "jsonl", ColumnMap(text="title")) if item.fields
    )
    return _distinct([prepare_text(title) for title in titles if isinstance(title, str)])


def propose(engine: Engine, request: TopicRequest, background: Background, shown: int = 15) -> Proposal:
    """Make a topic of what an analyst gave, and measure it; nothing is stored.

    Args:
        engine: The model that it is for.
        request: Already checked by itself; its name is checked here.
        background: Ordinary texts; those that are among the examples are left out.
        shown: How many of the most probable background texts are returned.

    Raises:
        InputError: The model has a topic of that name.
    """
    require_free_name(request.name, engine.labels.names("topic"))
    given = {normalise_text(text) for text in (*request.examples, *request.counterexamples)}
    texts = [text for text in background.texts if normalise_text(text) not in given]
    ordinary, topics = _read(engine, texts)
    described = _read(engine, [f"{request.name}: {request.description}"])[0][0]
    own: tuple[tuple[str, int], ...] = ()
    if request.examples:
        positives, theirs = _read(engine, request.examples)
        counterexamples = _read(engine, request.counterexamples)[0] if request.counterexamples else None
        question = question_of_examples(
            positives, ordinary, description=described, counterexamples=counterexamples, share=request.share
        )
        own = tuple(sorted(((name, theirs.count(name)) for name in set(theirs)), key=lambda pair: (-pair[1], pair[0])))
    else:
        question = question_of_description(described, ordinary, request.share)
    answers = question.probabilities(ordinary)
    best = np.argsort(-answers, kind="stable")[:shown].tolist()
    nearest = tuple(Candidate(texts[place], round(float(answers[place]), 5), topics[place]) for place in best)
    return Proposal(_topic(request, question), question.expected, background, nearest, own)


def add_topic(registry: Registry, parent: Path, proposal: Proposal, note: str = "") -> ModelVersion:
    """Store a model version with one topic more; its weights and other answers are the parent's.

    Args:
        registry: Keeps it.
        parent: Folder of the model it was proposed for.
        proposal: The topic.
        note: One sentence for a person.

    Raises:
        InputError: The model has a topic of that name.
        ModelError: The parent is damaged, or the registry did not take the version.
    """
    manifest = load_manifest(parent, Labels())
    name = proposal.topic.name
    require_free_name(name, manifest.topics)
    topics = (*load_added_topics(parent, manifest).topics, proposal.topic)
    figures = msgspec.structs.asdict(proposal.expected) | {"n": proposal.topic.examples}
    metrics = manifest.metrics | {_figures_name(name): figures}
    return _store(registry, parent, msgspec.structs.replace(manifest, metrics=metrics), topics, note)


def remove_topic(registry: Registry, parent: Path, name: str, note: str = "") -> ModelVersion:
    """Store a model version without one of its added topics.

    Raises:
        InputError: It has no added topic of that name; names those it has.
        ModelError: The parent is damaged, or the registry did not take the version.
    """
    manifest = load_manifest(parent, Labels())
    topics = load_added_topics(parent, manifest).topics
    kept = tuple(topic for topic in topics if topic.name != name)
    if len(kept) == len(topics):
        known = ", ".join(topic.name for topic in topics)
        fault = "is one of the model's own" if name in manifest.labels.topics else "was not added to this model"
        raise InputError(f"The topic {name!r} {fault}.", f"Added topics: {known or 'none'}.")
    metrics = {set_: figures for set_, figures in manifest.metrics.items() if set_ != _figures_name(name)}
    return _store(registry, parent, msgspec.structs.replace(manifest, metrics=metrics), kept, note)


def build_version(parent: Path, out: Path, manifest: Manifest, topics: Sequence[AddedTopic]) -> Manifest:
    """Write a model folder that differs from its parent in the added topics alone.

    Args:
        parent: Holds the parent's files.
        out: Is created; its files are hard links to the parent's where the file system allows it.
        manifest: The parent's, its metrics as they shall be.
        topics: All that are added, in order.

    Returns:
        The new manifest.
    """
    out.mkdir(parents=True)
    names = [name for name in manifest.files if name != FILE_NAME]
    for name in (*names, CARD_NAME):
        if (parent / name).is_file():
            _link(parent / name, out / name)
    files = {name: manifest.files[name] for name in names}
    if topics:
        write_added_topics(out, topics)
        files[FILE_NAME] = file_sha256(out / FILE_NAME)
    own = manifest.labels.topics
    changed = msgspec.structs.replace(
        manifest,
        topics=(*own, *(topic.name for topic in topics)),
        added_topics=len(topics),
        parent=manifest.model_version,
        files=files,
    )
    write_manifest(out, changed)
    return changed


def _store(
    registry: Registry, parent: Path, manifest: Manifest, topics: Sequence[AddedTopic], note: str
) -> ModelVersion:
    with tempfile.TemporaryDirectory(prefix="topics-") as scratch:
        out = Path(scratch) / "version"
        build_version(parent, out, manifest, topics)
        return registry.add(out, "topics", note=note)


def _read(engine: Engine, texts: Sequence[str]) -> tuple[Vectors, list[str]]:
    """Embeddings [n, width] and the topic that each text has now."""
    names = engine.labels.names("topic")
    vectors, topics = list[Vectors](), list[str]()
    for start in range(0, len(texts), _BATCH):
        scores = engine.classify(texts[start : start + _BATCH])
        vectors.append(scores.embeddings)
        topics += [names[place] for place in scores.topics.tolist()]
    return np.concatenate(vectors), topics


def _topic(request: TopicRequest, question: Question) -> AddedTopic:
    return AddedTopic(
        name=request.name,
        description=request.description,
        origin="examples" if request.examples else "description",
        examples=len(request.examples),
        direction=tuple(round(float(value), 7) for value in question.direction),
        bias=round(question.bias, 7),
    )


def _figures_name(name: str) -> str:
    return f"added topic {topic_slug(name)}"


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source.resolve())
    except OSError:  # another file system
        shutil.copy2(source, target)


def _distinct(texts: Sequence[str]) -> list[str]:
    """The first of those that differ only in URLs, case or punctuation; none without a letter or digit."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(normalise_text(text), text)
    first.pop("", None)
    return list(first.values())
