"""Sentence frames: how they are read, when they may be used, and how their slots are filled.

A frame is a headline with slots. `{co}` is a company, `{co@bank,insurer}` one of a sector, `{co.product}` something of
the company already chosen, `{co2}` another one; `{3..9}` a number, `{pt}` a digit; `[a/b]` a choice of words; `{oil}` a
market price at that instant, `{oil+}` the same where it has risen lately; any other name is a list in `world.WORDS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.demo_frames.world import GOODS, IN_STORIES, PATHS, PEOPLE, TROUBLED, WORDS, Company, moved, quote
from pipelines.dice import Dice

_SLOT = re.compile(r"\{([a-z]\w*)?(?:@([\w,]+))?(?:\.(\w+))?([+-])?(?:=?(\d+)\.\.(\d+))?\}")
_CHOICE = re.compile(r"\[([^\]]+)\]")
_SIGNS = {"-": "negative", "0": "neutral", "+": "positive"}
_CONFLICT = timedelta(hours=72)
JOBS_DAY = 4
"""Friday: the jobs report is out."""
EARNINGS = 5
"""Index of the topic."""

_HOURS: tuple[tuple[re.Pattern[str], range], ...] = (
    (re.compile(r"\b(closes|closing|ends|ended|end flat|into the close|after-hours)\b", re.IGNORECASE), range(20, 24)),
    (re.compile(r"\bmidday\b", re.IGNORECASE), range(16, 19)),
    (re.compile(r"\b(before the bell|futures|premarket|morning|open)\b", re.IGNORECASE), range(5, 14)),
)


@dataclass(frozen=True)
class Frame:
    """A headline with slots.

    Attributes:
        topic: Index into the twenty topics.
        sentiment: negative, neutral or positive.
        source: The letter of the source it is written for, or "" for any.
        title: With slots.
        description: With slots, or empty.
    """

    topic: int
    sentiment: str
    source: str
    title: str
    description: str = ""

    @property
    def fixed(self) -> bool:
        """Whether it gives one headline only."""
        return not _SLOT.search(self.title) and not _CHOICE.search(self.title)

    def fits(self, when: datetime) -> bool:
        """Whether the time of day and the markets allow it."""
        slots = _SLOT.finditer(self.title)
        if not all(moved(s[1], s[4], when) for s in slots if s[1] in PATHS and s[4]):
            return False
        if re.search(r"week ahead|worst week|weekly gain", self.title, re.IGNORECASE) and when.weekday() not in (
            0,
            4,
            5,
            6,
        ):
            return False
        if "payrolls seen" in self.title and when.weekday() >= JOBS_DAY:
            return False
        if self.topic not in (8, 10, 15, 18, 19):
            return True
        return all(when.hour in hours for pattern, hours in _HOURS if pattern.search(self.title))


def read_topic(path: Path) -> list[Frame]:
    """The frames of one topic, from `topics/NN.txt`: sign, letter of a source, headline, description."""
    frames = []
    for line in path.read_text(encoding="utf-8").splitlines():
        head, _, description = line.partition("||")
        mark, _, title = head.partition(" ")
        frames.append(Frame(int(path.stem), _SIGNS[mark[0]], mark[1:], title.strip(), description.strip()))
    return frames


def read_deck(path: Path) -> list[Frame]:
    """Frames of several topics: `topic|sign|S:headline||description`."""
    frames = []
    for line in path.read_text(encoding="utf-8").splitlines():
        topic, sign, rest = line.split("|", 2)
        title, _, description = rest.partition("||")
        source, title = (title[0], title[2:]) if title[1:2] == ":" else ("", title)
        frames.append(Frame(int(topic), _SIGNS[sign], source, title, description))
    return frames


def read_descriptions(path: Path) -> dict[tuple[int, str], list[str]]:
    """Sentences that may follow a headline, by topic and sentiment: `topic|signs|sentence`."""
    sentences: dict[tuple[int, str], list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        topic, signs, text = line.split("|", 2)
        for sign in signs:
            sentences.setdefault((int(topic), _SIGNS[sign]), []).append(text)
    return sentences


def speaks_of(text: str) -> set[str]:
    """The companies and firms that a frame or sentence has slots for."""
    return {slot[1] for slot in _SLOT.finditer(text) if slot[1] and re.fullmatch(r"co\d?|private2?", slot[1])}


def sentiment(sign: str) -> str:
    """The word for `-`, `0` or `+`."""
    return _SIGNS[sign]


def normalised(title: str) -> str:
    """Letters and digits alone, in lower case: titles equal in this form count as the same."""
    return " ".join(re.findall(r"\w+", title.lower()))


@dataclass
class Writer:
    """Fills frames, never twice alike, and does not praise and blame a company on one topic within three days."""

    dice: Dice
    listed: tuple[Company, ...]
    reserved: frozenset[str] = IN_STORIES
    reporting: frozenset[str] = frozenset()
    said: set[str] = field(default_factory=set)
    _last: dict[tuple[int, str], tuple[datetime, str]] = field(default_factory=dict)
    _turns: dict[str, list[str]] = field(default_factory=dict)

    def write(
        self, frame: Frame, when: datetime, known: Mapping[str, Company | str] | None = None
    ) -> tuple[str, str, list[str]] | None:
        """A headline, its description and the tickers it names; None where no new one was found in twelve tries.

        Args:
            frame: What to fill.
            when: The instant, for market prices.
            known: Slots whose filling is given.
        """
        for _ in range(12):
            names: dict[str, Company | str] = dict(known or {})
            title, description = (self._fill(text, frame, when, names) for text in (frame.title, frame.description))
            if normalised(title) not in self.said:
                self.said.add(normalised(title))
                tickers = [n.ticker for n in names.values() if isinstance(n, Company)]
                for ticker in tickers:
                    self._last[frame.topic, ticker] = (when, frame.sentiment)
                return title, description, tickers + [TROUBLED[n] for n in names.values() if n in TROUBLED]
        return None

    def _fill(self, text: str, frame: Frame, when: datetime, names: dict[str, Company | str]) -> str:
        text = _CHOICE.sub(lambda m: self.dice.pick(m[1].split("/")), text)
        return _SLOT.sub(self._slot(frame, when, names), text)

    def _slot(self, frame: Frame, when: datetime, names: dict[str, Company | str]) -> Callable[[re.Match[str]], str]:
        def filled(slot: re.Match[str]) -> str:
            name, sectors, attribute, _, low, high = slot.groups()
            if low is not None:
                return str(self.dice.between(int(low), int(high)))
            if name == "pt":
                return str(self.dice.between(0, 9))
            if name in PATHS:
                return quote(name, when)
            if name not in names:
                is_company = re.fullmatch(r"co\d?", name)
                names[name] = self._company(frame, when, sectors, names) if is_company else self._word(name, names)
            chosen = names[name]
            return chosen.attribute(attribute or "short") if isinstance(chosen, Company) else chosen

        return filled

    def _word(self, name: str, names: dict[str, Company | str]) -> str:
        kind = name.rstrip("2") if name != "month2" else name
        if kind in ("person", "analyst"):
            return self.dice.pick(PEOPLE)
        # A deck rather than a draw: the same invented firm should not float, fail and be bought in one week.
        turn = self._turns.setdefault(kind, [])
        if not turn:
            turn.extend(self.dice.shuffled(WORDS[kind]))
        word = turn.pop()
        return word if word not in names.values() else self._word(name, names)

    def _company(self, frame: Frame, when: datetime, sectors: str | None, names: dict[str, Company | str]) -> Company:
        wanted = sectors.split(",") if sectors else (GOODS if ".product" in frame.title + frame.description else None)
        free = [
            company
            for company in self.dice.shuffled(self.listed)
            if company.ticker not in self.reserved
            and company not in names.values()
            and (wanted is None or company.sector in wanted)
        ]
        if frame.topic == EARNINGS:
            # Companies of the earnings season have their results told there, once.
            free = [company for company in free if company.ticker not in self.reporting] or free
        return next((c for c in free if not self._contradicts(frame, c, when)), free[0])

    def _contradicts(self, frame: Frame, company: Company, when: datetime) -> bool:
        last = self._last.get((frame.topic, company.ticker))
        if last is None or when - last[0] > _CONFLICT or last[1] == frame.sentiment:
            return False
        return "neutral" not in (last[1], frame.sentiment)
