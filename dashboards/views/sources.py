"""How the sources are: who needs looking after, what became of all that they gave, what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from dashboards import words
from dashboards.desk import Desk, live
from dashboards.desk import show as put
from dashboards.markup import Html, table, tag, text
from dashboards.views.cards import heading, nothing_card
from monitor.alerts.wording import moment
from monitor.ingest.intake.accounts import FATES, Accounts
from monitor.ingest.intake.health import Verdict, due, expected_interval, span
from monitor.ingest.intake.parcel import Standing, VerdictChange
from monitor.store.sources import SourceAccounts, SourceRow

ACCOUNTS_OVER: Final = timedelta(days=6)
"""Whole days before today whose accounts are shown with today's."""

SIGNS: Final = {
    Verdict.HEALTHY: ("●", "news comes as it usually does"),
    Verdict.LATE: ("◔", "it should have had news by now"),
    Verdict.EMPTY: ("○", "it answers, and shows nothing"),
    Verdict.STALE: ("◌", "it answers, and has had no news for far too long"),
    Verdict.CHANGED: ("≠", "it answers with something else than it used to"),
    Verdict.BLOCKED: ("⊘", "it does not let us in"),
    Verdict.DEAD: ("✕", "it cannot be had any more"),
}
"""By verdict: a sign, and what it means."""


def show(desk: Desk) -> None:
    """Draws the page."""
    live(desk, partial(_page, desk))


def _page(desk: Desk) -> None:
    now = desk.clock()
    rows = desk.readings.source_rows()
    put(heading("Sources", _summary(rows)))
    if not rows:
        put(nothing_card("No source has been asked yet", "Sources are set in monitor.toml, or posted to."))
        return
    put(source_table(rows, now))
    put(heading("Accounts, last 7 days", "Every item that was fetched stands in one column."))
    put(account_table(desk.readings.source_accounts(now - ACCOUNTS_OVER)))
    put(heading("Changes", "The latest first; who is told of those for the worse is for the routes to say."))
    changes = desk.readings.source_changes()
    put(change_table(changes, now) if changes else tag("p", text("There have been none."), kind="sm-note"))


def standing_sign(standing: Standing) -> Html:
    """The verdict on a source as a sign; of one that has not answered yet, that."""
    if standing.awaited:
        return tag("span", text("… not yet"), kind="nowrap", title="it has not answered yet")
    return verdict_sign(standing.verdict or Verdict.HEALTHY)


def verdict_sign(verdict: Verdict) -> Html:
    """The verdict as a sign and a word: never by colour alone."""
    sign, meaning = SIGNS[verdict]
    kind = "sm-pos" if verdict is Verdict.HEALTHY else "sm-bad"
    return tag("span", text(f"{sign} {verdict.value}"), kind=f"{kind} nowrap", title=meaning)


def source_table(rows: Sequence[SourceRow], now: datetime) -> Html:
    """One row a source, in the given order."""
    head = ("Source", "Kind", "Verdict", "Since", "Last news", "Expected within", "Due by", "Why")
    return table(head, [_row(row, now) for row in rows])


def account_table(found: Sequence[SourceAccounts]) -> Html:
    """One row a source, and one for all."""
    total = sum((each.accounts for each in found), Accounts())
    rows = [_account_row(each.source, each.polls, each.failures, each.accounts) for each in found]
    failures = sum((Counter(each.failures) for each in found), Counter[str]())
    rows.append(_account_row("all", sum(each.polls for each in found), failures, total))
    columns = [fate.value.replace("_", " ").capitalize() for fate in FATES]
    return table(("Source", "Polls", "Fetched", *columns, "Failures"), rows)


def change_table(changes: Sequence[VerdictChange], now: datetime) -> Html:
    """Changes of verdicts, in the given order."""
    rows = [
        (
            tag("span", text(words.ago(change.at, now)), kind="nowrap", title=moment(change.at)),
            text(change.source, 80),
            verdict_sign(change.before) if change.before else text("new"),
            verdict_sign(change.after),
            text(change.why),
        )
        for change in changes
    ]
    return table(("When", "Source", "Was", "Is", "Why"), rows)


def _summary(rows: Sequence[SourceRow]) -> str:
    well = sum(row.standing.verdict is Verdict.HEALTHY and not row.standing.awaited for row in rows)
    return f"{well:,} of {len(rows):,} are healthy; the others stand first." if rows else ""


def _row(row: SourceRow, now: datetime) -> tuple[Html, ...]:
    standing = row.standing
    history = standing.history
    expected = expected_interval(history)
    due_at = due(history, expected)
    last = history.last_new
    return (
        text(standing.name, 80),
        text(standing.kind),
        standing_sign(standing),
        tag("span", text(words.ago(row.changed_at, now)), kind="nowrap", title=moment(row.changed_at)),
        tag("span", text(words.ago(last, now)), kind="nowrap", title=moment(last)) if last else text("never"),
        text(span(expected)),
        tag("span", text(moment(due_at)), kind="nowrap") if due_at else text(""),
        text(standing.why),
    )


def _account_row(name: str, polls: int, failures: Mapping[str, int], accounts: Accounts) -> tuple[Html, ...]:
    told = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in sorted(failures.items()))
    counts = [text(f"{accounts.of_fate(fate):,}") for fate in FATES]
    return (text(name, 80), text(f"{polls:,}"), text(f"{accounts.fetched:,}"), *counts, text(told))
