"""Notices of sources that got worse: who is told, how it is said, and that each is told once."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import msgspec
import pytest

from monitor.alerts.channels import Console
from monitor.alerts.lifecycle import LifecycleRules
from monitor.alerts.messages import payload, payload_schema, text, title
from monitor.alerts.notice import SourceNotice, Worsening, notices
from monitor.alerts.routing import Receiver, Route
from monitor.alerts.worker import AlertsWorker
from monitor.ingest.intake.health import Verdict
from monitor.ingest.intake.parcel import VerdictChange
from monitor.store import outbox
from monitor.store.database import Database
from monitor.store.sources import write_change
from tests.alerts.builders import notification

AT = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
ME, DESK = Receiver(name="me", kind="console"), Receiver(name="desk", kind="console")
DEAD = Worsening(source="Central bank", before="late", after="dead", why="It is gone.", at=AT)


def to_dead(source: str = "Central bank", before: Verdict | None = Verdict.HEALTHY, at: datetime = AT) -> VerdictChange:
    return VerdictChange(source=source, before=before, after=Verdict.DEAD, why="It is gone.", at=at)


def to_healthy(source: str = "Central bank") -> VerdictChange:
    return VerdictChange(source=source, before=Verdict.DEAD, after=Verdict.HEALTHY, why="It answers.", at=AT)


def worker(database: Database, *routes: Route) -> AlertsWorker:
    return AlertsWorker(database, LifecycleRules(), routes, (ME, DESK), lambda: AT + timedelta(hours=1))


def put(database: Database, *changes: VerdictChange) -> None:
    with database.write() as connection:
        for change in changes:
            write_change(connection, change)


def told(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        messages = [entry.notification for entry in outbox.read_outbox(connection, 100)]
    return sorted((message.receiver, message.source) for message in messages if isinstance(message, SourceNotice))


def test_without_routes_every_receiver_is_told_and_with_them_those_that_match() -> None:
    assert [notice.receiver for notice in notices([DEAD], [ME, DESK], [])] == ["me", "desk"]
    to_desk = Route(matchers=("kind=source", "verdict=~dead|blocked"), receivers=("desk",))
    to_nobody = Route(matchers=('source="Central bank"',), receivers=())
    assert [notice.receiver for notice in notices([DEAD], [ME, DESK], [to_desk])] == ["desk"]
    assert notices([DEAD], [ME, DESK], [to_nobody]) == []


def test_a_route_for_alerts_of_a_topic_does_not_take_notices_of_sources() -> None:
    financials = Route(matchers=('topic="Financials"',), receivers=("desk",))
    assert [notice.receiver for notice in notices([DEAD], [ME, DESK], [financials])] == ["me", "desk"]


def test_each_worsening_has_an_id_of_its_own_for_each_receiver() -> None:
    again = msgspec.structs.replace(DEAD, at=AT + timedelta(microseconds=1))
    ids = [notice.id for notice in notices([DEAD, again], [ME, DESK], [])]
    assert len(set(ids)) == 4
    assert ids == [notice.id for notice in notices([DEAD, again], [ME, DESK], [])]


def test_the_worker_tells_of_what_got_worse_once_and_not_of_what_got_better(database: Database) -> None:
    put(database, to_dead(), to_healthy(), to_dead("Wire", None))
    for _ in range(3):
        worker(database).step()
    assert told(database) == [("desk", "Central bank"), ("desk", "Wire"), ("me", "Central bank"), ("me", "Wire")]
    put(database, to_dead(at=AT + timedelta(hours=1)))
    worker(database).step()
    assert len(told(database)) == 6


def test_what_is_told_after_a_restore_is_no_repeat_of_what_was_told_before(tmp_path: Path) -> None:
    ids: list[str] = []
    for name, change in (("lost", to_dead()), ("new", to_dead("Wire", at=AT + timedelta(days=30)))):
        with Database.open(f"sqlite:///{tmp_path / name}.db") as database:
            put(database, change)
            worker(database).step()
            with database.read() as connection:
                ids += [entry.notification.id for entry in outbox.read_outbox(connection, 10)]
    assert len(ids) == len(set(ids)) == 4


def test_a_notice_waits_for_no_other_and_is_delivered_like_any_message(database: Database) -> None:
    put(database, to_dead(), to_dead(at=AT + timedelta(minutes=1)))
    worker(database).step()
    now = AT + timedelta(hours=2)
    with database.write() as connection:
        claimed = outbox.claim_due(connection, "me", now, timedelta(minutes=1), 10)
        assert len(claimed) == 4
        outbox.mark_dead(connection, claimed[0].notification.id, "me", "Refused.")
        for each in claimed[1:]:
            outbox.mark_delivered(connection, each.notification.id, now)
    with database.read() as connection:
        assert outbox.count_outbox(connection) == {"pending": 0, "delivered": 3, "dead": 1}
        [entry] = outbox.read_outbox(connection, 10, "dead")
    assert title(entry.notification) == "Source Central bank is dead"


def test_what_comes_from_outside_cannot_forge_a_line() -> None:
    [notice] = notices([msgspec.structs.replace(DEAD, source="a\x1b[31m\nb", why="x\r\ny")], [ME], [])
    assert title(notice) == "Source a[31m b is dead"
    assert "x y" in text(notice).splitlines()
    assert text(notice).splitlines()[-1] == "See: monitor sources show 'a[31m b'"
    console = io.StringIO()
    Console(console).send(notice)
    assert "Source a[31m b is dead" in console.getvalue()
    assert "\x1b" not in console.getvalue()


@pytest.mark.parametrize("message", [notices([DEAD], [ME], [])[0], notification()])
def test_what_webhooks_post_fits_the_schema(message: SourceNotice) -> None:
    written = json.loads(msgspec.json.encode(payload(message)))
    validate = jsonschema.Draft202012Validator(payload_schema()).validate
    validate(written)
    with pytest.raises(jsonschema.ValidationError):
        validate(written | {"kind": "other"})
    with pytest.raises(jsonschema.ValidationError):
        validate(written | {"version": 2})


def test_a_payload_says_what_a_program_needs() -> None:
    written = json.loads(msgspec.json.encode(payload(notices([DEAD], [ME], [])[0])))
    assert (written["kind"], written["source"], written["before"], written["after"]) == (
        "source",
        "Central bank",
        "late",
        "dead",
    )
    assert written["at"] == "2024-05-06T09:00:00Z"
