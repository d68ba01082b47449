"""From a story to a line of the scenario."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.demo_frames.sources import SOURCES, dated, page_address
from pipelines.dice import Dice


@dataclass(frozen=True)
class Story:
    """A headline before it is delivered.

    Attributes:
        when: UTC-aware; when its source published it.
        topic: Index into the twenty topics.
        sentiment: As intended by its writer.
        letter: Of its source.
        title: As the source prints it.
        description: One sentence, or empty.
        phase: crisis, recall or calm.
    """

    when: datetime
    topic: int
    sentiment: str
    letter: str
    title: str
    description: str = ""
    phase: str = "calm"


@dataclass(frozen=True)
class Entry:
    """A line of the scenario: an item, or raw bytes where it is none."""

    seen: datetime
    item: dict[str, str]
    kind: str
    story: Story | None = None
    raw: bytes = b""

    def line(self) -> bytes:
        """The bytes of the line, without its end."""
        if self.raw:
            return self.raw
        return json.dumps(
            {"seen_at": stamp(self.seen), **self.item}, ensure_ascii=False, separators=(",", ":")
        ).encode()


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def entry(story: Story, dice: Dice, kind: str = "story") -> Entry:
    """The delivered item: seen some seconds after it was published, its address and id its own."""
    source = SOURCES[story.letter]
    mark = hashlib.blake2b(f"{story.letter}{story.title}{story.when}".encode(), digest_size=3).hexdigest()
    item = {
        "published": dated(story.letter, story.when, dice),
        "source": source.name,
        "url": page_address(story.letter, story.title, story.when, mark),
        "title": story.title,
    }
    if story.description:
        item["description"] = story.description
    if source.gives_id:
        item["id"] = f"{story.letter.lower()}-{mark}"
    return Entry(story.when + timedelta(seconds=dice.between(2, 75)), item, kind, story)
