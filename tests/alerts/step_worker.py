"""A process that steps the alerts worker until nothing is left, to be killed anywhere: `python -m ... STORE_URL`."""

from __future__ import annotations

import sys
from datetime import timedelta

from monitor.alerts.lifecycle import LifecycleRules
from monitor.alerts.routing import Receiver
from monitor.alerts.worker import AlertsWorker
from monitor.clock import system_clock
from monitor.store.database import Database

RULES = LifecycleRules(pending_for=timedelta(minutes=2), calm_for=timedelta(hours=3))
RECEIVERS = (Receiver(name="one", kind="console"), Receiver(name="two", kind="console", send_resolved=False))


def main() -> None:
    """Says each step that it has finished."""
    with Database.open(sys.argv[1]) as database:
        worker = AlertsWorker(database, RULES, (), RECEIVERS, system_clock)
        while worker.step():
            sys.stdout.write("stepped\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
