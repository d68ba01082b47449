"""The stories that the shipped models learn to tell apart."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from monitor.learning.data.stories import Family, families, read_stories

LEARN = Path(str(resources.files("pipelines.stories"))) / "learn.jsonl"


def stories_to_learn() -> list[Family]:
    """Every story of the file with what resembles it."""
    return families(read_stories(LEARN))
