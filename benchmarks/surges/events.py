"""Does a detector find well-known bad news among real headlines, and how much else does it alert of?

    python -m benchmarks.surges --events [--part tune|held|all] [--detector NAME]… [--data DIR] [--cache DIR] [--json]

Replays the headlines of December 2017 to March 2019, scored and linked as the live line does it, and looks which events
of known_events.csv (events_known.py) an alert finds within a day by naming them (events_matching.py). Ours is the live
surge core and the live life cycle of alerts (events_ours.py); the others are given daily counts by company and topic
(events_series.py).

All are judged at budgets of one alert a week and one a day, over all series: each gets the weakest threshold of its
scores at which no more alerts open in the part. That looks back over the part, for all detectors alike. For the part
that is held back there is a second figure that does not: at the threshold that the budget gave on the part for tuning.
Beside these stands what our rules open as they ship.

For the part for tuning it prints what was missed, and every alert that found no event with its day, series and top
headline, for the reader to judge: real news that the table lacks, or false. Of the part that is held back it prints
totals, so that nobody tunes on it; `--reveal` lists it all the same, once everything is settled.

The last line of --json is one object: by detector, part and budget `alerts, larger, of_larger, smaller, of_smaller,
early (found on the eve), unmatched`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal, TypeAlias

from benchmarks.data import WHERE_DATA_IS, find_data
from benchmarks.surges.detectors import peers
from benchmarks.surges.events_known import KnownEvent, Part, headlines_about, part_of, read_events, size_of
from benchmarks.surges.events_matching import Alert, Outcome, Sign, Strength, alerts_of, match, threshold_for
from benchmarks.surges.events_ours import Replayed, replay
from benchmarks.surges.events_series import naming_of, panel_of, signs_of, stories_of
from benchmarks.surges.farrington import FarringtonFlexible
from benchmarks.surges.prepared import CACHE, HEADLINES, articles_of, read_rows, scored_headlines
from monitor.classify.choosing import open_engine
from monitor.classify.linking import Linker
from monitor.classify.openvino_engine import SHIPPED_MODEL
from monitor.classify.scored import ScoredArticle
from monitor.entities.gazetteer import load_gazetteer
from monitor.errors import InputError, MonitorError
from monitor.surges.rules import SurgeRules

Budget: TypeAlias = Literal["week", "day"]

DAYS_AN_ALERT: Final[dict[Budget, int]] = {"week": 7, "day": 1}
OURS: Final = "ours"

_PARTS: Final[tuple[Part, ...]] = ("tune", "held")


def judge_part(signs: Sequence[Sign], events: Iterable[KnownEvent], days: Collection[date], at: Strength) -> Outcome:
    """What opens at a threshold on the days of a part, and what it finds."""
    theirs = [event for event in events if event.day in days]
    return match(alerts_of(one for one in signs if one.strength <= at), theirs, days)


def judge(signs: Sequence[Sign], events: Sequence[KnownEvent], days: Sequence[date]) -> dict[Part, dict[str, Outcome]]:
    """A detector on both parts, at every budget, and on the held part at the thresholds of the other, too."""
    found: dict[Part, dict[str, Outcome]] = {part: {} for part in _PARTS}
    for budget, days_an_alert in DAYS_AN_ALERT.items():
        for part in _PARTS:
            theirs = frozenset(day for day in days if part_of(day) == part)
            threshold = threshold_for(signs, theirs, round(len(theirs) / days_an_alert))
            if threshold is None:
                found[part][budget] = match((), [event for event in events if event.day in theirs], theirs)
                continue
            found[part][budget] = judge_part(signs, events, theirs, threshold)
            if part == "tune":
                held = frozenset(days) - theirs
                found["held"][f"{budget}_at_tuned_threshold"] = judge_part(signs, events, held, threshold)
    return found


def figures(outcome: Outcome) -> dict[str, int]:
    """An outcome in numbers."""
    larger, of_larger = outcome.count("larger")
    smaller, of_smaller = outcome.count("smaller")
    return {
        "alerts": len(outcome.alerts),
        "larger": larger,
        "of_larger": of_larger,
        "smaller": smaller,
        "of_smaller": of_smaller,
        "early": len(outcome.early),
        "unmatched": len(outcome.unmatched),
    }


def listed(outcome: Outcome) -> Iterator[dict[str, str]]:
    """What a reader should look at: misses, and alerts that found no event."""
    for event in outcome.missed:
        yield {"missed": event.event, "day": str(event.day), "size": event.size}
    for alert in outcome.unmatched:
        yield {"unmatched": alert.sign.title, "day": str(alert.day), "headline": alert.sign.headline}


def read_headlines(data: Path, cache: Path) -> list[ScoredArticle]:
    """The headlines as the classify stage leaves them.

    Raises:
        MonitorError: They cannot be read, do not belong to the table of events, or the model cannot be loaded.
    """
    rows = read_rows(data / HEADLINES)
    told = [(date.fromisoformat(row["time"][:10]), row["headline"]) for row in rows]
    strange = [event.event for event in read_events() if size_of(headlines_about(event, told)) != event.size]
    if strange:
        raise InputError(f"{HEADLINES.name} does not belong to known_events.csv: {', '.join(strange)}.")
    engine = open_engine(SHIPPED_MODEL, device="cpu")
    return scored_headlines(
        articles_of(rows), engine, Linker.open(), cache, lambda line: print(line, file=sys.stderr, flush=True)
    )


def all_days(scored: Sequence[ScoredArticle]) -> list[date]:
    """Every day from the first article's to the last one's."""
    first, last = (bound(one.article.event_time.date() for one in scored) for bound in (min, max))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.surges --events", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--part", choices=[*_PARTS, "all"], default="all", help="which months (default: %(default)s)")
    parser.add_argument("--detector", action="append", help="only detectors with this in their names; may be repeated")
    parser.add_argument("--rules", default="{}", help='changes to our rules, such as {"minimum_negatives": 2}')
    parser.add_argument(
        "--abstain-below",
        type=float,
        help="least probability of a negative that counts; else what the model asks",
    )
    parser.add_argument("--reveal", action="store_true", help="list misses and unmatched alerts of the held part, too")
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of what was scored (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        rules = SurgeRules(**json.loads(options.rules))
        scored = read_headlines(options.data or find_data("news_headlines"), options.cache)
    except (MonitorError, ValueError) as error:
        print(f"surges: {error}", file=sys.stderr)
        return 2
    parts = _PARTS if options.part == "all" else tuple(part for part in _PARTS if part == options.part)
    wanted = [name.lower() for name in options.detector or [""]]
    events, days, result = read_events(), all_days(scored), {}
    for name, outcomes in _outcomes(scored, rules, options.abstain_below, events, days, wanted):
        result[name] = {
            part: {at: figures(outcome) for at, outcome in outcomes[part].items()} for part in parts if part in outcomes
        }
        for part in parts:
            for at, outcome in outcomes[part].items():
                lists = name.startswith(OURS) and (part == "tune" or options.reveal)
                _show(name, part, at, outcome, lists=lists, as_json=options.json)
    if options.json:
        print(json.dumps({"days": len(days), "rules": rules.version, "detectors": result}))
    return 0


def _outcomes(
    scored: Sequence[ScoredArticle],
    rules: SurgeRules,
    abstain_below: float | None,
    events: Sequence[KnownEvent],
    days: Sequence[date],
    wanted: Sequence[str],
) -> Iterator[tuple[str, dict[Part, dict[str, Outcome]]]]:
    """Every wanted detector's outcomes, as they come."""
    naming = naming_of(load_gazetteer())
    if any(name in OURS for name in wanted):
        ours: Replayed = replay(scored, rules, naming, abstain_below)
        outcomes = judge(ours.signs, events, days)
        for part in _PARTS:
            outcomes[part]["as_shipped"] = _shipped(ours.alerts, events, [day for day in days if part_of(day) == part])
        yield OURS, outcomes
    others = [one for one in peers() if not isinstance(one, FarringtonFlexible)]  # it needs three years
    others = [one for one in others if any(name in one.name.lower() for name in wanted)]
    if others:
        panel = panel_of(stories_of(scored, rules, abstain_below))
        for detector in others:
            yield detector.name, judge(signs_of(panel, detector, naming), events, days)


def _shipped(alerts: Sequence[Alert], events: Sequence[KnownEvent], days: Sequence[date]) -> Outcome:
    return match(alerts, [event for event in events if event.day in days], frozenset(days))


def _show(name: str, part: Part, at: str, outcome: Outcome, *, lists: bool, as_json: bool) -> None:
    found = figures(outcome)
    if as_json:
        print(json.dumps({"detector": name, "part": part, "at": at, **found}), flush=True)
    else:
        print(
            f"{name:<24} {part}  {at:<24} {found['alerts']:>4} alerts  larger {found['larger']:>2}/{found['of_larger']}"
            f"  smaller {found['smaller']:>2}/{found['of_smaller']}  early {found['early']:>2}"
            f"  unmatched {found['unmatched']:>3}",
            flush=True,
        )
    for line in listed(outcome) if lists else ():
        print(json.dumps({"at": at, **line}) if as_json else f"    {next(iter(line)):<9}  {'  '.join(line.values())}")


if __name__ == "__main__":
    sys.exit(main())
