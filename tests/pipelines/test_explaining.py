"""Verdicts are explained from what the store keeps, and only with reasons that are theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.alerts.alert import AlertState
from monitor.errors import InputError
from monitor.store import alerting, writes
from monitor.store.database import Database
from monitor.store.retention import delete_older
from monitor.surges.rules import SurgeRules
from monitor.surges.surge import Reason, Statistic
from monitor.surges.windows import WindowCounts
from pipelines.explaining import explain_surge
from pipelines.standing import read_status
from tests.store.builders import BANKS, HOUR, NOON, alert, surge

DAY = timedelta(days=1)
RULES = SurgeRules()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as opened:
        yield opened


def said(database: Database, reason: Reason, **changes: Any) -> str:
    told = msgspec.structs.replace(surge(NOON, BANKS, reason), rule_version=RULES.version, **changes)
    with database.write() as connection:
        writes.write_surges(connection, [told])
    return "\n".join(explain_surge(database, "1", RULES).lines)


def test_an_alert_is_explained_as_long_as_it_is_kept(database: Database) -> None:
    going_on = alert(NOON, latest=surge(NOON + 9 * DAY))
    with database.write() as connection:
        writes.write_surges(connection, [surge(NOON + n * DAY) for n in range(10)])
        alerting.write_alerts(connection, [going_on])
    assert delete_older(database, NOON + 5 * DAY)["surges"] == 4
    found = explain_surge(database, going_on.id[:8], RULES)
    assert (found.number, found.surge.tick) == (1, NOON)


def test_an_alert_whose_opening_verdict_is_gone_is_told_to_be_so(database: Database) -> None:
    orphan = alert(NOON)
    with database.write() as connection:
        alerting.write_alerts(connection, [orphan])
    with pytest.raises(InputError, match=r"verdict on topic=Banks at 2024-05-01 12:00 UTC is kept no longer"):
        explain_surge(database, orphan.id, RULES)


@pytest.mark.parametrize("number", ["9" * 18, "9" * 20, "9" * 5000])
def test_a_number_of_any_length_that_no_surge_has_is_told_to_be_so(number: str, database: Database) -> None:
    with pytest.raises(InputError, match="no surge with the number"):
        explain_surge(database, number, RULES)


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (Reason.ORDINARY, "Why: what stood out before is within what is usual again."),
        (Reason.QUIET, "Why: too few stories are left to tell."),
    ],
)
def test_the_end_of_what_stood_out_is_not_explained_by_what_did(reason: Reason, why: str, database: Database) -> None:
    told = said(database, reason, p_value=1.0, counts=WindowCounts(12, 2), statistic=Statistic.VOLUME)
    assert why in told.splitlines()
    assert "It does not stand out at present." in told
    assert "this does not stand out, and opens none" in told
    assert "Fisher" not in told


def test_much_attention_is_told_in_stories_and_never_as_negative_ones(database: Database) -> None:
    told = said(
        database,
        Reason.ATTENTION,
        p_value=1e-9,
        counts=WindowCounts(81, 9),
        statistic=Statistic.ATTENTION,
        expected_count=5.0,
    )
    assert "Seen: 9 of 81 stories negative (11%); usual: 27, a share of 33%" in told
    assert "Attention: 81 stories, where 5.0 are usual" in told
    assert "the chance of so many stories, negative or not, in one such window would be 1 in 1 billion" in told


def test_the_status_of_an_alert_that_recedes_tells_its_peak_and_since_when_it_is_calm(database: Database) -> None:
    calm = NOON + 3 * HOUR
    attention = msgspec.structs.replace(
        surge(calm, BANKS, Reason.ATTENTION), statistic=Statistic.ATTENTION, expected_count=5.0
    )
    with database.write() as connection:
        alerting.write_alerts(connection, [alert(state=AlertState.RECEDING, latest=attention, calm_since=calm)])
        writes.write_progress(connection, "surges", NOON + 8 * HOUR)
    (told,) = read_status(database, NOON + 8 * HOUR).open_alerts
    assert told.title == (
        "Banks: negative news receding, calm since 2024-05-01 15:00 UTC; at its worst 11 of 12 stories in an hour"
    )
