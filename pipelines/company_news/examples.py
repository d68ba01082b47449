"""Frames filled with names, as training examples and as a set to judge on.

A frame is a headline with slots, and the label toward each company in it. What a frame says is nobody's opinion to
guess, so a teacher is not asked. Whole frames are kept apart: one of so many is only judged on, so that the figure is
about wordings that training has not seen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from monitor.classify.labels import SENTIMENTS
from monitor.classify.text import prepare_text
from monitor.learning.data.examples import Example, LabelledMention, without_repeats
from pipelines.company_news.names import Names

FILES = ("business.txt", "conduct.txt", "ordinary.txt", "relief.txt", "trouble.txt")
FILLINGS = 5
"""How often a frame is filled for training."""
HELD_OUT_SHARE = 10
"""One frame of so many is only judged on, and another calibrates."""

_COMPANIES = ("A", "B")
_ASSET = re.compile(r"\b(FTSE|Nasdaq|Wall Street|[Oo]il|Gold|Copper|Dollar|yen)\b")
"""In such frames more is named than the companies that are marked."""
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Frame:
    """A headline with slots.

    Attributes:
        text: With `{A}` and perhaps `{B}` for companies, and other slots of `Names.others`.
        sentiments: Toward A, then B; places among the sentiments.
    """

    text: str
    sentiments: tuple[int, ...]

    @property
    def lot(self) -> int:
        """Decides what it is for, by its words alone: 0 to `HELD_OUT_SHARE` - 1."""
        return int.from_bytes(hashlib.sha256(self.text.encode()).digest()[:4], "big") % HELD_OUT_SHARE

    def filled(self, names: Names) -> Example:
        """The headline with names, every company in it marked and labelled.

        The whole text gets none: those who label whole texts call much of what is bad for a company neutral.
        """
        words = {**names.others(), **{slot: names.company() for slot in _COMPANIES[: len(self.sentiments)]}}
        text, mentions, done = "", list[LabelledMention](), 0
        for slot in _SLOT.finditer(self.text):
            text += self.text[done : slot.start()]
            start, done = len(text), slot.end()
            text += words[slot[1]]
            if slot[1] in _COMPANIES:
                sentiment = self.sentiments[_COMPANIES.index(slot[1])]
                mentions.append(LabelledMention(start, len(text), sentiment))
        text += self.text[done:]
        if text != prepare_text(text):
            raise ValueError(f"Preparing moves the marks of {text!r}.")
        return Example(
            text,
            mentions=tuple(mentions),
            tagged=not _ASSET.search(self.text),
        )


@dataclass(frozen=True)
class CompanyNews:
    """Examples of frames that do not overlap.

    Attributes:
        training: Each frame filled several times.
        calibrating: Each filled once.
        judged: Likewise.
    """

    training: list[Example]
    calibrating: list[Example]
    judged: list[Example]


def company_news(fillings: int = FILLINGS, seed: str = "company news") -> CompanyNews:
    """All frames filled; the same seed gives the same examples.

    Args:
        fillings: How often a frame is filled for training; at least 1.
        seed: Of the names.
    """
    frames = read_frames()
    return CompanyNews(
        judged=list(_filled([frame for frame in frames if frame.lot == 0], Names(f"{seed}/judged"))),
        calibrating=list(_filled([frame for frame in frames if frame.lot == 1], Names(f"{seed}/calibrating"))),
        training=without_repeats(
            _filled([frame for frame in frames if frame.lot > 1] * fillings, Names(f"{seed}/training"))
        ),
    )


@cache
def read_frames() -> Sequence[Frame]:
    """Every frame of the files, in their order."""
    folder = resources.files("pipelines.company_news") / "frames"
    return tuple(frame for name in FILES for frame in _frames((folder / name).read_text(encoding="utf-8").splitlines()))


def _frames(lines: Iterable[str]) -> Iterator[Frame]:
    for line in lines:
        labels, text = line.split("\t")
        yield Frame(text, tuple(SENTIMENTS.index(label) for label in labels.split("/")))


def _filled(frames: Iterable[Frame], names: Names) -> Iterator[Example]:
    return (frame.filled(names) for frame in frames)
