"""What happened to the pipeline in the seeded store: alerts and their fate, refused items, signs of life, job runs."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from monitor.alerts.alert import Alert, AlertState, Notification, Transition, alert_id
from monitor.articles import article_id
from monitor.clock import MINUTE
from monitor.learning.versions.version import Judgement, ModelVersion
from monitor.records import DeadLetter
from monitor.store import alerting, health, models, outbox, writes
from monitor.store.database import Connection
from monitor.store.rows import Duplicate, Heartbeat
from monitor.surges.series import ALL, Series
from monitor.surges.surge import Reason, Surge
from monitor.surges.windows import Window, WindowCounts
from tests.dashboards.scenario import BANKS, BANKS_SINCE, DAY, HOUR, RECALL, RECALL_FROM, RECALL_TO, TICK

SERVED = "fast-aaaaaaaaaaaa"


def _surge(
    series: Series, tick: datetime, counts: tuple[int, int], p_value: float, reason: Reason = Reason.SURGE
) -> Surge:
    return Surge(
        tick=tick,
        series=series,
        reason=reason,
        window=Window(tick - HOUR, tick),
        counts=WindowCounts(*counts),
        expected_share=0.18,
        low=0.05,
        high=0.36,
        p_value=p_value,
        effect=counts[1] / counts[0] - 0.18,
        rule_version="demo",
    )


def write_alerts(connection: Connection, wall: datetime) -> None:
    banks = Alert(
        id=alert_id(BANKS, BANKS_SINCE),
        series=BANKS,
        state=AlertState.FIRING,
        opened_at=BANKS_SINCE,
        changed_at=BANKS_SINCE,
        fired_at=BANKS_SINCE,
        latest=_surge(BANKS, TICK, (22, 14), 3.2e-7),
        peak=_surge(BANKS, TICK - 40 * MINUTE, (26, 18), 4.1e-9),
    )
    everything = msgspec.structs.replace(
        banks,
        id=alert_id(ALL, TICK - 4 * MINUTE),
        series=ALL,
        state=AlertState.PENDING,
        opened_at=TICK - 4 * MINUTE,
        fired_at=None,
        latest=_surge(ALL, TICK, (71, 27), 6e-5),
        peak=_surge(ALL, TICK, (71, 27), 6e-5),
    )
    calm, over = RECALL_TO + HOUR, RECALL_TO + 7 * HOUR
    recall = msgspec.structs.replace(
        banks,
        id=alert_id(RECALL, RECALL_FROM + HOUR),
        series=RECALL,
        state=AlertState.RESOLVED,
        opened_at=RECALL_FROM + HOUR,
        fired_at=RECALL_FROM + HOUR,
        calm_since=calm,
        resolved_at=over,
        changed_at=over,
        latest=_surge(RECALL, calm, (9, 2), 0.4, Reason.ORDINARY),
        peak=_surge(RECALL, RECALL_TO, (15, 11), 2.2e-8),
    )
    alerting.write_alerts(connection, [recall, banks, everything])
    life: list[tuple[Alert, AlertState | None, AlertState, datetime, str]] = [
        (recall, None, AlertState.PENDING, recall.opened_at, "A surge begins: 8 of 10 stories negative."),
        (recall, AlertState.PENDING, AlertState.FIRING, recall.opened_at, "A surge fires at once."),
        (recall, AlertState.FIRING, AlertState.RECEDING, calm, "It is calm: the share is within what is usual."),
        (recall, AlertState.RECEDING, AlertState.RESOLVED, over, "It stayed calm for 6 hours."),
        (banks, None, AlertState.PENDING, BANKS_SINCE, "A surge begins: 9 of 12 stories negative."),
        (banks, AlertState.PENDING, AlertState.FIRING, BANKS_SINCE, "A surge fires at once."),
        (everything, None, AlertState.PENDING, everything.opened_at, "A surge begins: 25 of 68 stories negative."),
    ]
    alerting.write_transitions(
        connection,
        [
            Transition(alert=msgspec.structs.replace(of, state=after), before=before, at=at, why=why)
            for of, before, after, at, why in life
        ],
    )
    _write_outbox(connection, [recall, banks], wall)


def _write_outbox(connection: Connection, alerts: list[Alert], wall: datetime) -> None:
    told = [
        Notification(
            id=article_id(alert.id, receiver),
            receiver=receiver,
            kind="firing",
            alert=alert,
            why="A surge fires at once.",
            created_at=alert.opened_at,
        )
        for alert in alerts
        for receiver in ("console", "desk-webhook")
    ]
    alerting.write_notifications(connection, told, wall - 5 * MINUTE)
    for claimed in outbox.claim_due(connection, "seed", wall, HOUR, 10):
        notification = claimed.notification
        if notification.receiver == "console":
            outbox.mark_delivered(connection, notification.id, wall - 4 * MINUTE)
        elif isinstance(notification, Notification) and notification.alert.series == RECALL:
            outbox.mark_dead(connection, notification.id, "seed", "The receiver answered 410 Gone for a day.")
        else:
            outbox.mark_failed(connection, notification.id, "seed", "Connection refused.", wall + 2 * MINUTE)


def write_refused(connection: Connection) -> None:
    writes.write_duplicates(
        connection,
        [
            Duplicate(
                source="Morning Brief",
                position=str(n),
                article_id=article_id("repeat", str(n)),
                first_seen_at=TICK - n * HOUR,
            )
            for n in range(23)
        ],
    )
    reasons = (
        "Row 812 has no title and no body.",
        "Row 977: the time “32 March” cannot be read.",
        "Not JSON: <script>alert(1)</script>",
    )
    letters = [
        DeadLetter(
            stage="ingest",
            reason=reason,
            source="Exchange Notices",
            position=str(812 + n),
            seen_at=TICK - n * HOUR,
            original=b"?" * 40,
        )
        for n, reason in enumerate(reasons)
    ]
    writes.write_dead_letters(connection, letters)


def write_health(connection: Connection, wall: datetime) -> None:
    stages = {
        "ingest": {"articles": 3120.0, "watermarks": 7300.0},
        "classify": {"articles": 3091.0, "batches": 402.0, "model_swaps": 1.0},
        "surges": {"articles": 3077.0, "ticks": 7290.0},
        "alerts": {"transitions": 7.0},
    }
    notes = {
        "alerts": "The store was away; trying again.",
        "classify": f"Serves {SERVED}. fast-cccccccccccc cannot serve: weights.safetensors is damaged.",
    }
    for name, counters in stages.items():
        seen = wall - timedelta(seconds=47) if name == "alerts" else wall
        health.write_heartbeat(
            connection,
            Heartbeat(
                name=f"{name}@desk-1:{400 + len(name)}",
                pid=400 + len(name),
                host="desk-1",
                started_at=wall - 5 * HOUR,
                seen_at=seen,
                counters=counters,
                note=notes.get(name, ""),
            ),
        )
    for n, outcome in enumerate(("succeeded", "failed")):
        run = health.begin_run(connection, "retention", wall - n * DAY, wall - n * DAY)
        if run is not None:
            health.finish_run(
                connection,
                run,
                "failed" if outcome == "failed" else "succeeded",
                "412 articles were deleted." if n == 0 else "The store was locked.",
                wall - n * DAY + timedelta(seconds=3),
            )


def write_models(connection: Connection, wall: datetime) -> None:
    metrics = {"tfns validation": {"n": 2388, "accuracy": 0.8714, "macro_f1": 0.8312, "ece": 0.0213}}
    papers = {"base_model": "all-MiniLM-L6-v2", "abstain_below": 0.45, "metrics": metrics, "files": {}}
    version = ModelVersion(
        id=SERVED,
        grade="fast",
        parent="",
        created_at=wall - DAY,
        origin="retrained",
        url=SERVED,
        manifest=msgspec.json.encode(papers).decode(),
        data_fingerprint="0" * 64,
    )
    models.write_version(connection, version)
    for number, verdict in enumerate(("promoted", "refused")):
        models.write_judgement(
            connection,
            Judgement(
                grade="fast",
                candidate=SERVED if verdict == "promoted" else "fast-bbbbbbbbbbbb",
                champion="fast-000000000000",
                at=wall - number * HOUR,
                verdict="promoted" if verdict == "promoted" else "refused",
                reason="Promote" if verdict == "promoted" else "ClassCollapsed",
                details={} if verdict == "promoted" else {"why": "It finds 10% of the 40 texts of <b>IPO</b>."},
            ),
        )
