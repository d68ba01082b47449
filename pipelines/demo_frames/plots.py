"""The week's news as stories: the crisis, the recall, the lesser story lines, an earnings season and all the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines.demo_frames.frames import Frame, Writer, read_deck, read_descriptions, read_topic, sentiment, speaks_of
from pipelines.demo_frames.lines import Story
from pipelines.demo_frames.sources import source_for, styled
from pipelines.demo_frames.timetable import CRISIS_EBBED, CRISIS_INTENSE_UNTIL, CRISIS_START, RESCUE, ordinary_times
from pipelines.demo_frames.world import HERE, IN_STORIES, START, Company
from pipelines.dice import Dice

_STORIES = HERE / "stories"
_REPORTING = 22
_TO_DOLLARS = 100
_SERENE = re.compile(r"\{idx|steady|quiet|flat|holds|unchanged|little changed")
"""What nobody would write of markets and banks in the middle of the crisis."""
_ASIDE = re.compile(r"\?|: |^(How|Why|What|Who|Where|Inside|Sizing|In brief)\b")
"""Questions, explainers and columns: the sentences about news do not suit them."""


class Describer:
    """Gives some frames a second sentence; a sentence comes round again only when its like have all been used."""

    def __init__(self, name: str, share: float, dice: Dice) -> None:
        """Read the sentences of a file; `share` is how many frames of a hundred get one, as a fraction."""
        self._share, self._dice = share, dice
        self._waiting = {key: dice.shuffled(texts) for key, texts in read_descriptions(HERE / name).items()}

    def describe(self, frame: Frame) -> Frame:
        """The frame with a sentence that suits it and names nobody whom the headline does not; often unchanged."""
        waiting = self._waiting.get((frame.topic, frame.sentiment), [])
        if frame.description or self._dice.unit() >= self._share or _ASIDE.search(frame.title):
            return frame
        named = speaks_of(frame.title)
        # A sentence about the headline's own company ties the two together better than a general one.
        suited = sorted((text for text in waiting if speaks_of(text) <= named), key=lambda text: not speaks_of(text))
        if not suited:
            return frame
        text = suited[0] if self._dice.unit() < 0.5 else min(suited, key=waiting.index)
        waiting.remove(text)
        waiting.append(text)
        return replace(frame, description=text)


def _moment(day: str, clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return START + timedelta(days=int(day[1:]) - 1, hours=int(hours), minutes=int(minutes))


def story_line(name: str, phase: str, writer: Writer, dice: Dice) -> list[Story]:
    """A story line with a time for every item: `dN HH:MM|topic|sign|source|title||description`."""
    told = []
    for line in (_STORIES / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        when, topic, sign, letter, text = line.split("|", 4)
        title, _, description = text.partition("||")
        frame = Frame(int(topic), sentiment(sign), letter, title, description)
        at = _moment(*when.split()) + timedelta(seconds=dice.between(0, 59))
        if written := writer.write(frame, at):
            told.append(Story(at, frame.topic, frame.sentiment, letter, written[0], written[1], phase))
    return told


def crisis(writer: Writer, dice: Dice) -> list[Story]:
    """The bank crisis: its timed events, and the many other reports while it is intense, ebbs and is over."""
    told = story_line("crisis.txt", "crisis", writer, dice)
    half_hour = timedelta(minutes=25)
    describer = Describer("crisis_descriptions.txt", 0.4, dice)
    phases = (
        ("crisis_intense.txt", 2, CRISIS_START + half_hour, CRISIS_INTENSE_UNTIL, 1.25),
        ("crisis_ebb.txt", 2, CRISIS_INTENSE_UNTIL, RESCUE, 1.5),
        ("crisis_calm.txt", 2, RESCUE + half_hour, CRISIS_EBBED, 1.0),
    )
    for name, times, start, end, haste in phases:
        frames = read_deck(_STORIES / name)
        deck = [frame for _ in range(times) for frame in dice.shuffled(frames)]
        for number, frame in enumerate(deck):
            # A power above one crowds the reports towards the start of the phase.
            at = start + (end - start) * ((number + dice.unit()) / len(deck)) ** haste
            told.extend(_told(describer.describe(frame), at.replace(microsecond=0), writer, dice, "crisis"))
    return told


@dataclass(frozen=True)
class Quarter:
    """One company's results: what was expected and what came, in cents a share and millions of dollars."""

    company: Company
    expected: int
    earned: int
    revenue: int
    move: int

    @property
    def sign(self) -> str:
        """Whether it beat ("+") or missed ("-")."""
        return "+" if self.earned > self.expected else "-"

    def slots(self) -> dict[str, str]:
        """What the season's frames may say."""
        gap = abs(self.earned - self.expected)
        revenue = f"{self.revenue / 1000:.2f} billion" if self.revenue >= 1000 else f"{self.revenue} million"
        dollars = {"est": self.expected, "act": self.earned, "gap": gap}
        return {key: f"{cents / _TO_DOLLARS:.2f}" for key, cents in dollars.items()} | {
            "rev": revenue,
            "move": str(self.move),
        }


def reporting_companies(listed: Iterable[Company], dice: Dice) -> list[Company]:
    """Which companies publish results this week."""
    return dice.shuffled([company for company in listed if company.ticker not in IN_STORIES])[:_REPORTING]


def season(reporting: list[Company], writer: Writer, dice: Dice) -> list[Story]:
    """An earnings season: for each company a preview, results, the share's answer and the analysts'."""
    lines = [line.split("|", 3) for line in (_STORIES / "season.txt").read_text(encoding="utf-8").splitlines()]
    frames: dict[str, list[Frame]] = {}
    for sign, step, topic, text in (line for line in lines if len(line) == 4):
        title, _, description = text.partition("||")
        letter, title = (title[0], title[2:]) if title[1:2] == ":" else ("", title)
        frames.setdefault(step + sign, []).append(Frame(int(topic), sentiment(sign), letter, title, description))
    told = []
    for number, company in enumerate(reporting):
        expected = dice.between(22, 240)
        surprise = dice.between(2, 19) * (1 if number % 5 not in (1, 3) else -1)
        quarter = Quarter(company, expected, expected + surprise, dice.between(380, 6900), dice.between(3, 9))
        early = number % 2 == 0
        result = START + timedelta(
            days=number % (5 if early else 4), hours=11 if early else 21, minutes=dice.between(2, 50)
        )
        answer = result.replace(hour=14, minute=dice.between(31, 58)) + timedelta(days=0 if early else 1)
        steps = (
            ("p0", result - timedelta(hours=dice.between(2, 5), minutes=dice.between(0, 59))),
            ("r" + quarter.sign, result),
            ("m" + quarter.sign, answer),
            ("a" + (quarter.sign if dice.unit() < 0.75 else "0"), answer + timedelta(minutes=dice.between(60, 320))),
        )
        for step, at in steps:
            frame = dice.pick(frames[step])
            told.extend(_told(frame, at, writer, dice, "calm", {"k": company, **quarter.slots()}))
    return told


def ordinary(topic: int, writer: Writer, dice: Dice) -> list[Story]:
    """One topic's ordinary news over the week: every frame once, then those with slots again."""
    frames = read_topic(HERE / "topics" / f"{topic:02d}.txt")
    waiting = dice.shuffled(frames)
    describer = Describer("descriptions.txt", 0.42, dice)
    told: list[Story] = []
    for at in ordinary_times(topic, dice):
        if len(waiting) < len(frames) // 3:
            waiting += dice.shuffled([frame for frame in frames if not frame.fixed])
        for frame in [f for f in waiting if f.fits(at) and _tactful(f, at)]:
            waiting.remove(frame)
            if stories := _told(describer.describe(frame), at, writer, dice, "calm"):
                told.extend(stories)
                break
    return told


def _tactful(frame: Frame, when: datetime) -> bool:
    """Whether an ordinary report would not contradict the crisis while it lasts."""
    if not CRISIS_START <= when < CRISIS_EBBED or frame.topic not in (1, 3, 7, 8, 15):
        return True
    return frame.sentiment == "neutral" and not _SERENE.search(frame.title)


def _told(
    frame: Frame, at: datetime, writer: Writer, dice: Dice, phase: str, known: Mapping[str, Company | str] | None = None
) -> list[Story]:
    written = writer.write(frame, at, known)
    if written is None:
        return []
    title, description, tickers = written
    letter = frame.source or source_for(frame.topic, dice)
    return [Story(at, frame.topic, frame.sentiment, letter, styled(title, letter, tickers, dice), description, phase)]
