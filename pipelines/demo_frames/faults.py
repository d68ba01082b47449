"""The scenario's irregular lines: repeats, reprints, odd dates, and lines that are no items."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pipelines.demo_frames.lines import Entry, Story, entry
from pipelines.demo_frames.sources import title_case
from pipelines.dice import Dice

REPEATS, REPRINTS, REPRINTS_IN_CRISIS = 60, 60, 24


def repeats(entries: list[Entry], dice: Dice) -> list[Entry]:
    """The same item, delivered once more minutes to hours after the first time; one at most of each."""
    chosen = dice.shuffled([one for one in entries if one.item.get("published")])[:REPEATS]
    again = []
    for one in chosen:
        seen = one.seen + timedelta(
            seconds=dice.between(180, 20 * 3600) if dice.unit() < 0.5 else dice.between(60, 1800)
        )
        again.append(replace(one, seen=min(seen, one.seen.replace(day=10, hour=23, minute=58)), kind="exact_duplicate"))
    return again


def reprints(stories: list[Story], dice: Dice) -> list[Entry]:
    """Wire stories that other sources print minutes later, with small edits."""
    wire = dice.shuffled(
        [s for s in stories if s.letter == "W" and s.topic not in (9, 18) and not s.title.startswith("UPDATE")]
    )
    crisis = [s for s in wire if s.phase == "crisis"][:REPRINTS_IN_CRISIS]
    calm = [s for s in wire if s.phase != "crisis"][: REPRINTS - len(crisis)]
    printed = []
    for story in crisis + calm:
        letter, title = _reprint(story.title, dice)
        when = story.when + timedelta(seconds=dice.between(120, 2700))
        copy = replace(story, letter=letter, title=title, when=when)
        printed.append(entry(copy, dice, kind="near_duplicate"))
    return printed


def _reprint(title: str, dice: Dice) -> tuple[str, str]:
    choices = (
        ("N", f"{title} - Kestrel Wire"),
        ("W", f"UPDATE 1-{title}"),
        ("T", f"{title}: report"),
        ("F", title.upper()),
        ("P", f"{title_case(title)} (Kestrel Wire)"),
    )
    return dice.pick(choices)


def odd_dates(stories: list[Story], dice: Dice) -> list[Entry]:
    """Replacements for four ordinary entries: undated, an unreadable date, seen 20 hours late, dated in the future."""
    calm = [s for s in stories if s.phase == "calm" and s.letter in "TG" and 1 <= s.when.weekday() <= 3]
    undated, unreadable, late, future = dice.shuffled(calm)[:4]
    first, second = (entry(s, dice, kind=k) for s, k in ((undated, "undated"), (unreadable, "unreadable_date")))
    del first.item["published"]
    second.item["published"] = "2024-02-30"
    delayed = entry(late, dice, kind="late")
    ahead = entry(future, dice, kind="future")
    ahead.item["published"] = f"{future.when + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    return [first, second, replace(delayed, seen=delayed.seen + timedelta(hours=20)), ahead]


def malformed(start: datetime) -> list[Entry]:
    """Four lines that are no items."""
    host = "https://kestrelwire.example/2024/03"

    def line(day: int, hour: int, kind: str, text: str, ending: bytes = b"") -> Entry:
        seen = start + timedelta(days=day, hours=hour, minutes=17)
        stamp = f"{seen:%Y-%m-%dT%H:%M:%SZ}"
        return Entry(seen, {}, kind, raw=text.replace("STAMP", stamp).encode() + ending)

    return [
        line(0, 15, "broken_json", '{"seen_at":"STAMP","source":"Kestrel Wire","title":"Reserve to publish sur'),
        line(1, 9, "no_text", f'{{"seen_at":"STAMP","published":"STAMP","source":"Kestrel Wire","url":"{host}/x1"}}'),
        line(2, 13, "number_for_text", f'{{"seen_at":"STAMP","source":"Kestrel Wire","url":"{host}/x2","title":4471}}'),
        line(
            3, 18, "invalid_utf8", '{"seen_at":"STAMP","source":"Kestrel Wire","title":"Fuel prices ', b'\xff\xfe\x80"}'
        ),
    ]
