"""Writes the demo's week of invented news: `python -m pipelines.demo_scenario --out FILE [--truth FILE]`.

The result depends on the frames and on nothing else; the same frames give the same bytes on every machine. Every
company, bank, official, country and outlet in it is invented.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.demo_frames.faults import malformed, odd_dates, repeats, reprints
from pipelines.demo_frames.frames import Writer
from pipelines.demo_frames.lines import Entry, Story, entry, stamp
from pipelines.demo_frames.plots import crisis, ordinary, reporting_companies, season, story_line
from pipelines.demo_frames.timetable import (
    CRISIS_EBBED,
    CRISIS_INTENSE_UNTIL,
    CRISIS_START,
    ORDINARY,
    RECALL_END,
    RECALL_START,
    RESCUE,
)
from pipelines.demo_frames.world import HERE, START, companies
from pipelines.dice import Dice

SEED = "a week in March"
SAMPLE = {"crisis": 90, "recall": 30, "calm": 180}
"""How many lines of each phase the sample for tests names."""


def stories() -> list[Story]:
    """All distinct stories of the week in English, in order of publication."""
    dice = Dice(SEED)
    listed = companies()
    writer = Writer(Dice(SEED + "/words"), listed)
    reporting = reporting_companies(listed, dice)
    told = crisis(writer, dice) + story_line("recall.txt", "recall", writer, dice)
    told += story_line("lines.txt", "calm", writer, dice) + season(reporting, writer, dice)
    writer.reporting = frozenset(company.ticker for company in reporting)
    for topic in range(len(ORDINARY)):
        told += ordinary(topic, writer, Dice(f"{SEED}/{topic}"))
    return sorted(told, key=lambda story: (story.when, story.title))


def in_other_languages() -> list[Story]:
    """Three items that the classifier does not read: Chinese, German, Arabic."""
    told = []
    for line in (HERE / "stories" / "languages.txt").read_text(encoding="utf-8").splitlines():
        when, topic, _, language, letter, title, description = line.split("|")
        day, clock = when.split()
        at = START.replace(day=START.day + int(day[1:]) - 1, hour=int(clock[:2]), minute=int(clock[3:]))
        told.append(Story(at, int(topic), "neutral", letter, title, description, phase=f"language_{language}"))
    return told


def entries() -> list[Entry]:
    """Every line of the scenario, in order of arrival."""
    dice = Dice(SEED + "/delivery")
    told = stories()
    odd = odd_dates(told, dice)
    strange = {one.story for one in odd}
    regular = [entry(story, dice) for story in told if story not in strange]
    foreign = [entry(story, dice, kind=story.phase) for story in in_other_languages()]
    lines = regular + odd + foreign + repeats(regular, dice) + reprints(told, dice) + malformed(START)
    return sorted(lines, key=lambda one: (one.seen, one.line()))


def truth(lines: Sequence[Entry]) -> dict[str, Any]:
    """What tests may expect: counts by kind of line, the two surges, and what a sample of the lines means."""
    kinds = Counter(one.kind for one in lines)
    dice = Dice(SEED + "/sample")
    sample = []
    for phase, size in SAMPLE.items():
        numbered = [(n, one) for n, one in enumerate(lines, 1) if one.kind == "story" and one.story]
        chosen = dice.shuffled([(n, one.story) for n, one in numbered if one.story and one.story.phase == phase])[:size]
        sample += [{"line": n, "topic": s.topic, "sentiment": s.sentiment, "phase": phase} for n, s in chosen]
    return {
        "lines": len(lines),
        "kinds": dict(sorted(kinds.items())),
        "windows": {
            "crisis": {
                "start": stamp(CRISIS_START), "intense_until": stamp(CRISIS_INTENSE_UNTIL), "rescue": stamp(RESCUE),
                "ebbed": stamp(CRISIS_EBBED), "topics": [7, 12, 15, 19],
            },
            "recall": {"start": stamp(RECALL_START), "end": stamp(RECALL_END), "topics": [2]},
        },
        "sample": sorted(sample, key=lambda one: int(str(one["line"]))),
    }  # fmt: skip


def scenario_bytes(lines: Sequence[Entry]) -> bytes:
    """The file's content."""
    return b"".join(one.line() + b"\n" for one in lines)


def truth_bytes(lines: Sequence[Entry]) -> bytes:
    """The sidecar's content: one line for each sampled line, so that a change shows."""
    told = truth(lines)
    sample = ",\n  ".join(json.dumps(one) for one in told.pop("sample"))
    return (json.dumps(told, indent=1)[:-2] + f',\n "sample": [\n  {sample}\n ]\n}}\n').encode()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the scenario and, if asked, its sidecar."""
    parser = argparse.ArgumentParser(description="Write the demo's week of invented news.")
    parser.add_argument("--out", type=Path, required=True, help="where the scenario goes (JSON lines)")
    parser.add_argument("--truth", type=Path, help="where the sidecar for tests goes (JSON)")
    options = parser.parse_args(arguments)
    lines = entries()
    options.out.write_bytes(scenario_bytes(lines))
    if options.truth:
        options.truth.write_bytes(truth_bytes(lines))


if __name__ == "__main__":
    main()
