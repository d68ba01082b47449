"""How well surges are found, and how seldom one is cried where there is none.

    python -m benchmarks.surges [--json] [--quick] [--seed N] [--scenario FAMILY]… [--detector NAME]…
    python -m benchmarks.surges --events …     known events among real headlines
    python -m benchmarks.surges --prices …     falls of prices among tweets
    python -m benchmarks.surges --check-r      our flexible Farrington against R's

The first simulates series with known surges; the last line of its --json is one object with `false_alarm_rate,
sensitivity, fdr, median_delay_minutes` of our detector, the same of each peer under `peers`, and tables by family.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from benchmarks.surges.detectors import our_alerter, our_detector, peers
from benchmarks.surges.farrington_r import compare, has_r
from benchmarks.surges.multiplicity import Multiplicity, Size, calibrated, experiment
from benchmarks.surges.protocol import Alerter, Detector
from benchmarks.surges.report import against_reference, better_variants, by_detector, judge_all, row, summary
from benchmarks.surges.scenarios import SCENARIOS
from benchmarks.surges.scoring import Budget, Score
from monitor.errors import MonitorError

_QUICK = Budget(nulls=6, surges=6)
_QUICK_SIZE = Size(series=80, surging=8, stretch=20, runs=1)
_PEER_SIZE = Size(runs=3)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.surges", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    parser.add_argument("--quick", action="store_true", help="a few series: whether it runs, not how good anyone is")
    parser.add_argument("--seed", type=int, default=2019, help="another seed draws other series (default: %(default)s)")
    families = [scenario.family for scenario in SCENARIOS]
    parser.add_argument("--scenario", action="append", choices=families, help="only this family; may be repeated")
    parser.add_argument("--detector", action="append", help="only detectors with this in their names; may be repeated")
    parser.add_argument("--nulls", type=int, default=Budget.nulls, help="series of a null panel (default: %(default)s)")
    parser.add_argument("--surges", type=int, default=Budget.surges, help="surges a size (default: %(default)s)")
    parser.add_argument("--runs", type=int, help="panels of the multiplicity experiment; 0 leaves it out")
    parser.add_argument("--check-r", action="store_true", help="compare with R's farringtonFlexible and end")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for other in ("events", "prices"):
        if f"--{other}" in given:
            given.remove(f"--{other}")
            return int(import_module(f"benchmarks.surges.{other}").main(given))
    options = _parser().parse_args(given)
    try:
        result = _check_r(options.seed) if options.check_r else measure(options)
    except MonitorError as error:
        print(f"surges: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result))
    elif options.check_r:
        print(f"{result['decisions']} decisions, largest difference of p {result['largest_difference']:.1e}")
    return 0


def _check_r(seed: int) -> dict[str, Any]:
    return compare(seed)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Runs the simulations; prints a line for each detector and family, and a table unless JSON is wanted."""
    ours, everyone = our_detector(), peers()
    if ours is not None:
        everyone.insert(0, ours)
    wanted = [name.lower() for name in options.detector or [""]]
    detectors = [one for one in everyone if any(name in one.name.lower() for name in wanted)]
    scenarios = [one for one in SCENARIOS if not options.scenario or one.family in options.scenario]
    budget = _QUICK if options.quick else Budget(options.nulls, options.surges)
    days, weeks = list[Score](), list[Score]()
    for day, week in judge_all(scenarios, detectors, budget, options.seed):
        days.extend([day] if day is not None else [])
        weeks.extend([week] if week is not None else [])
        shown = day or week
        if shown is not None:
            print(json.dumps(row(shown)) if options.json else _line(shown), flush=True)
    multiplicity = {one.name: _multiplicity(one, ours, options) for one in detectors}
    daily, weekly = by_detector(days), by_detector(weeks)
    summaries = {
        one.name: summary(scores, multiplicity[one.name])
        for one in detectors
        if (scores := daily.get(one.name) or weekly.get(one.name))
    }
    of_ours = summaries.pop(ours.name, None) if ours is not None else None
    if of_ours is None:
        of_ours = dict.fromkeys(("false_alarm_rate", "sensitivity", "fdr", "median_delay_minutes"))
    result = {
        **of_ours,
        "peers": better_variants(summaries),
        "by_family": against_reference(days, weeks),
        "families": [row(score) for score in days],
        "families_by_week": [row(score) for score in weeks],
        "seed": options.seed,
        "r_installed": has_r(),
    }
    if not options.json:
        _print_table(result)
    return result


def _multiplicity(detector: Detector, ours: Detector | None, options: argparse.Namespace) -> Multiplicity | None:
    """The experiment for a detector: Benjamini-Hochberg for peers, the production core for ours."""
    if options.runs == 0 or detector.name.endswith("(weeks)"):
        return None
    mine = detector is ours
    size = _QUICK_SIZE if options.quick else (Size() if mine else _PEER_SIZE)
    if options.runs is not None:
        size = Size(size.series, size.surging, size.stretch, options.runs)
    alerter: Alerter | None = our_alerter() if mine else None
    return experiment(alerter or calibrated(detector, size, options.seed), size, options.seed)


def _line(score: Score) -> str:
    sizes = "  ".join(f"{size}: {share:.2f}" for size, share in score.at_rate.sensitivity.items())
    own = "" if score.as_published is None else f"  own rate {score.as_published.false_alarm_rate:.5f}"
    rate = f"rate {score.at_rate.false_alarm_rate:.5f}"
    return f"{score.family:<14} {score.detector:<27} {rate}  found {sizes}{own}"


def _print_table(result: dict[str, Any]) -> None:
    print(
        f"\n{'':<27} {'own rate':>9} {'at .001':>8} {'found':>6} {'2':>5} {'3':>5} {'5':>5} {'10':>5} {'fdr':>6}  delay"
    )
    named = {"ours": result} if result["sensitivity"] is not None else {}
    for name, found in {**named, **result["peers"]}.items():
        sizes = " ".join(f"{found['by_size'][size]:>5.2f}" for size in ("2", "3", "5", "10"))
        fdr = "" if found["fdr"] is None else f"{found['fdr']:.3f}"
        rate = f"{found['false_alarm_rate']:>9.5f} {found['realised_rate_at_calibrated_threshold']:>8.5f}"
        label = f"{name} ({found['on']})" if "on" in found else name
        minutes = found["median_delay_minutes"]
        print(f"{label:<27} {rate} {found['sensitivity']:>6.3f} {sizes} {fdr:>6}  {minutes or '-'} min")
    if result["sensitivity"] is None:
        print("benchmarks/surges/ours.py is not there: peers only.")
    if not result["r_installed"]:
        print("R with the package surveillance is not installed: its Farrington was not checked against ours.")


if __name__ == "__main__":
    sys.exit(main())
