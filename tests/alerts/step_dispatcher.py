"""A process that sends what is in the outbox, to be killed: `python -m ... STORE_URL WEBHOOK_URL`."""

from __future__ import annotations

import sys

from pydantic import SecretStr

from monitor.alerts.channels import open_channels
from monitor.alerts.dispatcher import Dispatcher
from monitor.alerts.routing import Receiver
from monitor.clock import system_clock
from monitor.store.database import Database


def main() -> None:
    """Sends until nothing is due and nothing is on its way."""
    receiver = Receiver(name="hook", kind="webhook", url=SecretStr(sys.argv[2]))
    channels = open_channels((receiver,), system_clock)
    with Database.open(sys.argv[1]) as database, Dispatcher(database, channels, system_clock) as dispatcher:
        while dispatcher.step():
            pass


if __name__ == "__main__":
    main()
