"""Why something was called a surge, from what the store keeps: the same answer at any later time."""

from __future__ import annotations

import msgspec

from monitor.alerts.wording import clean, likelihood, moment, odds, usual
from monitor.errors import InputError
from monitor.store import reads
from monitor.store.database import Connection, Database
from monitor.store.evidence import read_evidence
from monitor.surges.evidence import Evidence
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.surge import Reason, Statistic, Surge

_STORIES = 8
_LEAST_PREFIX = 6
_MOST_DIGITS = 18
"""Of a number that fits into the store's 64 bits."""

_SEEN = {
    Statistic.SHARE: "a higher share of its stories is negative than its past explains (beta-binomial tail)",
    Statistic.VOLUME: "more stories than it has among all news, even allowing for more attention than usual, and more "
    "of them negative (negative-binomial and beta-binomial tails, by Fisher's method)",
    Statistic.BUILD: "day after day somewhat more of its stories are negative than usual (cumulative sum)",
    Statistic.ATTENTION: "many times as many stories as usual, no more negative than they usually are",
}
_CALM = {
    Reason.ORDINARY: "what stood out before is within what is usual again",
    Reason.QUIET: "too few stories are left to tell",
}
"""Verdicts on what does not stand out any more; their statistic is that of the verdict before."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict and what it rests on.

    Attributes:
        number: Of the verdict.
        surge: The verdict.
        evidence: What its window held when it was made.
        same_rules: Whether the rules that judged are those of the settings.
        lines: All of it in words.
    """

    number: int
    surge: Surge
    evidence: Evidence
    same_rules: bool
    lines: tuple[str, ...]


def explain_surge(database: Database, wanted: str, rules: SurgeRules) -> Explanation:
    """Explains a verdict.

    Args:
        database: The store.
        wanted: Number of a surge, or id of an alert (its first characters do): then the verdict that opened it.
        rules: Of the settings.

    Raises:
        InputError: There is no such surge or alert, several alerts begin so, or the verdict is kept no longer.
    """
    with database.read() as connection:
        number, surge = _find(connection, wanted)
        evidence = read_evidence(connection, surge, surge.tick, _STORIES)
    same = surge.rule_version == rules.version
    lines = (*_verdict(number, surge), *_figures(surge, rules if same else None), *_evidence(evidence))
    return Explanation(number=number, surge=surge, evidence=evidence, same_rules=same, lines=lines)


def _find(connection: Connection, wanted: str) -> tuple[int, Surge]:
    remedy = "monitor backtest --json tells the numbers; the dashboard's page Alerts shows ids."
    number = int(wanted) if wanted.isdecimal() and len(wanted) <= _MOST_DIGITS else None
    if number is not None and (surge := reads.read_surge(connection, number)) is not None:
        return number, surge
    alerts = reads.read_alerts_like(connection, wanted) if len(wanted) >= _LEAST_PREFIX else []
    if len(alerts) > 1:
        raise InputError(f"{len(alerts)} alerts have an id that begins with {wanted!r}.", "Give more of it.")
    if not alerts:
        raise InputError(f"There is no surge with the number {wanted!r}, and no alert whose id begins so.", remedy)
    return reads.read_numbered_surge(connection, alerts[0].series, alerts[0].opened_at)


def _verdict(number: int, surge: Surge) -> list[str]:
    return [
        f"Surge {number}: {clean(surge.series.title)} ({surge.series.key}), {surge.reason} at {moment(surge.tick)}",
        f"Why: {_CALM.get(surge.reason) or _SEEN[surge.statistic]}.",
    ]


def _figures(surge: Surge, rules: SurgeRules | None) -> list[str]:
    counts, window = surge.counts, surge.window
    share = f" ({counts.negatives / counts.stories:.0%})" if counts.stories else ""
    lines = [
        f"Window: {moment(window.start)} to {moment(window.end)}",
        f"Seen: {counts.negatives} of {counts.stories} stories negative{share}; "
        f"usual: {usual(surge)}, a share of {surge.expected_share:.0%}, {surge.low:.0%} to {surge.high:.0%} at this "
        f"volume; effect {surge.effect:+.0%}",
        f"Chance: {likelihood(surge)}",
    ]
    if surge.statistic is Statistic.ATTENTION:
        lines.append(f"Attention: {counts.stories} stories, where {surge.expected_count:,.1f} are usual")
    if surge.building_since:
        lines.append(f"Building since: {moment(surge.building_since)}")
    if rules is None:
        return [*lines, f"Rules: version {surge.rule_version}, others than those of the settings"]
    level = rules.false_alerts_per_week / 7
    opens = "which opens an alert" if surge.reason is Reason.SURGE else "which opens none"
    does = f"this it does on {_days(surge.adjusted_p)}, {opens}"
    if surge.reason in _CALM:
        does = "this does not stand out, and opens none"
    return [
        *lines,
        f"Rules: version {surge.rule_version}; an alert opens on what chance does on less than {_days(level)} "
        f"(false_alerts_per_week = {rules.false_alerts_per_week:g}); {does}",
        f"Baseline: blocks of {rules.block_minutes / DAY_MINUTES:g} d, half-life {rules.half_life_days:g} d, learnt up "
        f"to {rules.guard_minutes // 60} h before the window",
    ]


def _days(expected: float) -> str:
    """How often something comes up by chance, given how many of it a day has.

    >>> _days(0.013), _days(2.3)
    ('1 in 77 days', 'every day, 2 times')
    """
    return f"{odds(expected)} days" if expected < 1 else f"every day, {expected:.0f} times"


def _evidence(evidence: Evidence) -> list[str]:
    lines = [f"Set apart by: {', '.join(clean(term) for term in evidence.terms)}"] if evidence.terms else []
    if evidence.sources:
        told = ", ".join(f"{clean(source, 100)} ({articles})" for source, articles in evidence.sources)
        lines.append(f"Sources: {told}")
    lines += [
        f"- {clean(story.title) or '(no title)'} ({clean(story.source, 100)}, {moment(story.event_time)}, "
        f"{story.negative:.0%} negative)"
        for story in evidence.stories
    ]
    return lines or ["Its stories are kept no longer."]
