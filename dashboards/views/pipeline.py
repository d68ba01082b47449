"""How the line itself is doing: stages, lag, deliveries, what was refused, jobs, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboards import words
from dashboards.desk import Desk, live
from dashboards.desk import show as put
from dashboards.markup import Html, join, table, tag, text
from dashboards.readings import DAY
from dashboards.views.cards import heading, nothing_card
from dashboards.views.serving import doubtful_table, judgement_table, serving_table
from monitor.alerts.notice import SourceNotice
from monitor.alerts.wording import moment
from monitor.classify.serving import served_version
from monitor.clock import MINUTE, ceil_to, floor_to
from monitor.records import DeadLetter
from monitor.store.health import STOPPED
from monitor.store.rows import Heartbeat, JobRun, OutboxEntry, SourceTotal
from monitor.surges.windows import Window

STAGES: Final = ("ingest", "classify", "surges", "alerts", "dispatch")
"""Every line has these; each is a process of its own, or several."""

ALIVE_FOR: Final = timedelta(seconds=15)
"""Workers give a sign every two seconds; this allows for a busy machine and a long batch."""
_FORGOTTEN = timedelta(hours=1)
_BAD_OUTCOMES = ("failed", "cut off", "skipped: still running")
_RATE_OVER = timedelta(seconds=20)

Beats = dict[str, list[tuple[datetime, dict[str, float]]]]


def show(desk: Desk) -> None:
    """Draws the page."""
    live(desk, partial(_page, desk))


def _page(desk: Desk) -> None:
    now = desk.clock()
    put(heading("Stages", "Each process gives a sign of life every two seconds."))
    beats = desk.readings.heartbeats()
    earlier: Beats = st.session_state.setdefault("beats", {})
    remember(earlier, beats)
    put(stage_table(beats, earlier, now))
    _lag(desk, now)
    _models(desk, beats, now)
    left, right = st.columns(2)
    with left:
        _outbox(desk, now)
        put(heading("Job runs"))
        put(_runs(desk.readings.runs(), now))
    with right:
        put(heading("Sources, last 24 hours of the stream"))
        put(_sources(desk))
    _doubtful(desk)
    put(heading("Dead letters", "What could not be read, the latest first; the original bytes are in the store."))
    put(_letters(desk.readings.dead_letters(), now))


def remember(earlier: Beats, beats: Sequence[Heartbeat]) -> None:
    """Keeps signs of life of the last `_RATE_OVER`, from which rates are told; a restarted worker begins anew."""
    for beat in beats:
        known = earlier.setdefault(beat.name, [])
        if known and known[-1][0] == beat.seen_at:
            continue
        known.append((beat.seen_at, beat.counters))
        while len(known) > 2 and known[-1][0] - known[1][0] >= _RATE_OVER:
            known.pop(0)
    for gone in set(earlier) - {beat.name for beat in beats}:
        del earlier[gone]


def rates(signs: Sequence[tuple[datetime, dict[str, float]]]) -> dict[str, float]:
    """How much each counter grew a second between the first and the last sign; empty where that cannot be told."""
    if len(signs) < 2:
        return {}
    (since, before), (until, after) = signs[0], signs[-1]
    passed = (until - since).total_seconds()
    return (
        {name: max(0.0, (after[name] - before[name]) / passed) for name in after if name in before}
        if passed > 0
        else {}
    )


def stage_table(beats: Sequence[Heartbeat], earlier: Beats, now: datetime) -> Html:
    """One row a process, and one for each stage that has none."""
    current = [beat for beat in beats if beat.silent_for(now) < _FORGOTTEN]
    rows = []
    for stage in STAGES:
        own = [beat for beat in current if _stage(beat) == stage]
        rows += [_worker(beat, earlier.get(beat.name, []), now) for beat in own]
        if not own:
            missing = tag("span", text("✕ not running"), kind="sm-bad")
            rows.append((text(stage), missing, text(""), text(""), text("No sign of life in the last hour.")))
    rows += [_worker(beat, earlier.get(beat.name, []), now) for beat in current if _stage(beat) not in STAGES]
    return table(("Stage", "State", "Running for", "Counters (a second)", "Note"), rows)


def _stage(beat: Heartbeat) -> str:
    """Workers are named `stage@host`, further ones of a stage `stage-number@host`."""
    return beat.name.partition("@")[0].partition("-")[0]


def _worker(beat: Heartbeat, signs: Sequence[tuple[datetime, dict[str, float]]], now: datetime) -> tuple[Html, ...]:
    silent = beat.silent_for(now)
    if beat.note == STOPPED:
        state = tag("span", text("○ stopped"), kind="nowrap")
    elif silent <= ALIVE_FOR:
        state = tag("span", text("● alive"), kind="sm-pos nowrap")
    else:
        # By ten seconds, so that the row does not change at every renewal.
        state = tag(
            "span", text(f"✕ silent for {words.seconds(silent - silent % timedelta(seconds=10))}"), kind="sm-bad nowrap"
        )
    speed = rates(signs)
    counters = [
        tag(
            "span",
            text(f"{name} {value:,.0f}" + (f" ({speed[name]:,.1f}/s)" if speed.get(name) else "")),
            kind="nowrap",
        )
        for name, value in sorted(beat.counters.items())
    ]
    running = floor_to(beat.seen_at, MINUTE) - beat.started_at  # by minutes, so that few renewals change the row
    return (
        text(beat.name),
        state,
        text(words.seconds(max(timedelta(0), running))),
        join(counters, " · "),
        text(beat.note),
    )


def _lag(desk: Desk, now: datetime) -> None:
    progress = desk.readings.progress()
    if progress is None:
        put(tag("p", text("Lag: nothing has been counted yet."), kind="sm-note"))
    else:
        put(
            tag(
                "p",
                text(f"Lag: the tables stand at {moment(progress.tick)}, {words.behind(progress, now)}."),
                kind="sm-note",
            )
        )


def _models(desk: Desk, beats: Sequence[Heartbeat], now: datetime) -> None:
    own = [beat for beat in beats if _stage(beat) == "classify" and beat.silent_for(now) < _FORGOTTEN]
    served = {version for beat in own if (version := served_version(beat.note))}
    papers = {version: found for version in served if (found := desk.readings.papers(version)) is not None}
    put(heading("Models", "What each classifier serves, and that model's figures on texts that it had not seen."))
    put(serving_table(own, papers) if own else tag("p", text("No classifier is running."), kind="sm-note"))
    judgements = desk.readings.judgements()
    if judgements:
        put(heading("Judgements", "Candidates against the champion of their time, the latest first."))
        put(judgement_table(judgements, now))


def _doubtful(desk: Desk) -> None:
    put(
        heading(
            "In doubt", "The latest articles whose sentiment the model was too unsure of to be counted as negative."
        )
    )
    tick = desk.tick()
    found = desk.readings.in_doubt(floor_to(tick, MINUTE)) if tick else []
    put(doubtful_table(found, tick) if tick and found else tag("p", text("There are none."), kind="sm-note"))


def _outbox(desk: Desk, now: datetime) -> None:
    numbers, due, dead = desk.readings.outbox()
    put(heading("Notifications"))
    figures = (("pending", "to be sent"), ("delivered", "delivered"), ("dead", "given up"))
    put(tag("p", join((join((tag("b", text(f"{numbers[key]:,}")), text(name)), " ") for key, name in figures), " · ")))
    if due is not None:
        late = f"overdue by {words.seconds(now - due)}" if now > due else f"in {words.seconds(due - now)}"
        put(tag("p", text(f"Next attempt {late}."), kind="sm-note"))
    if dead:
        put(_dead(dead, words.names(desk.readings.alerted())))


def _dead(entries: Sequence[OutboxEntry], names: Mapping[str, str]) -> Html:
    rows = [
        (
            text(entry.notification.receiver),
            text(_subject(entry, names)),
            text(entry.attempts),
            text(entry.last_error or ""),
        )
        for entry in entries
    ]
    return table(("Given up: receiver", "About", "Attempts", "Last error"), rows)


def _subject(entry: OutboxEntry, names: Mapping[str, str]) -> str:
    about = entry.notification
    if isinstance(about, SourceNotice):
        return f"source {about.source}"
    return words.name_of(about.alert.series, names)


def _letters(letters: Sequence[DeadLetter], now: datetime) -> Html:
    if not letters:
        return nothing_card("None", "Everything that came in could be read.")
    rows = [
        (
            tag("span", text(moment(letter.seen_at)), kind="nowrap", title=words.ago(letter.seen_at, now)),
            text(letter.stage),
            text(letter.source, 80),
            text(letter.position, 60),
            text(letter.reason, 400),
            text(f"{len(letter.original):,} bytes"),
        )
        for letter in letters
    ]
    return table(("Seen", "Stage", "Source", "Position", "Reason", "Original"), rows)


def _runs(runs: Sequence[JobRun], now: datetime) -> Html:
    if not runs:
        return tag("p", text("No scheduled job has run yet."), kind="sm-note")
    rows = []
    for run in runs:
        outcome = run.outcome or "running, or cut off"
        took = words.seconds(run.finished_at - run.started_at) if run.finished_at else ""
        kind = "sm-bad" if run.outcome in _BAD_OUTCOMES else ""
        rows.append(
            (
                text(run.job),
                tag("span", text(words.ago(run.started_at, now)), title=moment(run.started_at)),
                text(took),
                tag("span", text(outcome), kind=kind),
                text(run.detail),
            )
        )
    return table(("Job", "Started", "Took", "Outcome", "Detail"), rows)


def _sources(desk: Desk) -> Html:
    tick = desk.tick()
    if tick is None:
        return tag("p", text("Sources appear here with their first article."), kind="sm-note")
    end = ceil_to(tick, MINUTE)
    found: list[SourceTotal] = desk.readings.sources(Window(end - DAY, end), floor_to(tick, MINUTE))
    if not found:
        return tag("p", text("No source delivered anything in this time."), kind="sm-note")
    rows = [(text(each.source, 80), text(f"{each.articles:,}"), text(words.ago(each.latest, tick))) for each in found]
    return table(("Source", "Articles", "Latest"), rows)
