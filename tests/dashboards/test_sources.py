"""The page of the sources: the worst first, accounts that add up, hostile names as the text that they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from monitor.ingest.intake.accounts import Accounts, Fate
from monitor.ingest.intake.health import Verdict, assess
from monitor.ingest.intake.history import History, Poll, after_poll
from monitor.ingest.intake.parcel import Parcel, Standing, VerdictChange
from monitor.store.database import Database
from monitor.store.sources import take_in
from tests.dashboards.test_views import drawn, markup, said


def write(url: str, name: str, verdict: Verdict, *fates: Fate, failure: str = "") -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    arrivals = tuple(at - number * timedelta(hours=1) for number in range(9, 0, -1))
    standing = Standing(
        name=name,
        kind="feed",
        history=History(since=arrivals[0], arrivals=arrivals, last_success=at),
        verdict=verdict,
        why=f"Because of <i>{name}</i>.",
    )
    change = VerdictChange(source=name, before=None, after=verdict, why=standing.why, at=at)
    bad = verdict is not Verdict.HEALTHY
    with Database.open(url) as database, database.write() as connection:
        take_in(
            connection,
            Parcel(
                id=f"{name}-{verdict}-{failure}",
                at=at,
                standing=standing,
                accounts=Accounts.of(fates),
                failure=failure,
                change=change if bad else None,
            ),
        )


def test_what_needs_looking_after_stands_first_with_its_reason(empty_url: str) -> None:
    write(empty_url, "Alpha", Verdict.HEALTHY, Fate.NEW)
    write(empty_url, "Beta", Verdict.DEAD, failure="connect")
    write(empty_url, "Gamma", Verdict.LATE)
    told = said(drawn("sources"))
    assert "1 of 3 are healthy" in told
    assert told.index("✕ dead") < told.index("◔ late") < told.index("● healthy")
    assert re.search(r"Beta\s+feed\s+✕ dead", told)
    assert "1 hour" in told


def test_a_source_that_has_not_answered_yet_is_not_called_healthy(empty_url: str) -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    history = after_poll(History(), Poll(at=at, failure="not_found"))
    assessment = assess(history, at)
    standing = Standing(name="Delta", kind="feed", history=history).assessed(assessment)
    with Database.open(empty_url) as database, database.write() as connection:
        take_in(connection, Parcel(id="one", at=at, standing=standing, failure="not_found"))
    told = said(drawn("sources"))
    assert "0 of 1 are healthy" in told
    assert re.search(r"Delta\s+feed\s+\u2026 not yet", told)
    assert "It has not answered yet: it is not there." in told


def test_the_accounts_show_every_column_and_the_sum_of_all(empty_url: str) -> None:
    write(empty_url, "Alpha", Verdict.HEALTHY, Fate.NEW, Fate.NEW, Fate.DUPLICATE, Fate.TOO_LARGE)
    write(empty_url, "Beta", Verdict.LATE, Fate.REFUSED, Fate.NOT_PARSED, Fate.TOO_OLD)
    write(empty_url, "Beta", Verdict.LATE, failure="rate_limited")
    told = said(drawn("sources"))
    assert re.search(r"Alpha\s+1\s+4\s+2\s+1\s+0\s+0\s+1\s+0", told)
    assert re.search(r"Beta\s+2\s+3\s+0\s+0\s+1\s+1\s+0\s+1\s+rate limited 1", told)
    assert re.search(r"all\s+3\s+7\s+2\s+1\s+1\s+1\s+1\s+1\s+rate limited 1", told)


def test_names_and_reasons_from_outside_are_shown_as_text(empty_url: str) -> None:
    write(empty_url, "<img src=x onerror=alert(1)>", Verdict.BLOCKED)
    code = markup(drawn("sources"))
    assert "<img" not in code
    assert "<i>" not in code
    assert "&lt;img src=x" in code
