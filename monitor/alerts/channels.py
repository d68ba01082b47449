"""How a notification reaches its receiver: one method, and the channels that need no network.

`Channel` is the seam. `Console` writes for a person in front of a terminal; `Webhook` is in `channels_webhook`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Protocol, TextIO

from rich.console import Console as RichConsole
from rich.text import Text

from monitor.alerts.channels_webhook import Webhook
from monitor.alerts.messages import text, title
from monitor.alerts.notice import Message
from monitor.alerts.routing import Receiver
from monitor.clock import Clock
from monitor.errors import DeliveryError


class Channel(Protocol):
    """Sends to one receiver. It may be called from several threads at once."""

    def send(self, notification: Message) -> None:
        """Returns when the receiver has taken it.

        Raises:
            DeliveryError: It has not, or nobody can tell; says whether and when to try again.
        """


_COLOURS = {"firing": "bold red", "resolved": "bold green", "source": "bold yellow"}


class Console:
    """Writes to a terminal in colour, and to anything else as plain text."""

    def __init__(self, file: TextIO | None = None) -> None:
        """Writes to `file`; None: standard error, whatever it is at the time."""
        self._file = file
        self._lock = Lock()

    def send(self, notification: Message) -> None:
        """Writes the message whole and a blank line, so that several senders do not mix their lines.

        Raises:
            DeliveryError: What it writes to is closed or full.
        """
        first, rest = title(notification), text(notification).partition("\n")[2]
        colour = _COLOURS[notification.kind]
        try:
            with self._lock:
                console = RichConsole(file=self._file or sys.stderr, highlight=False, soft_wrap=True)
                console.print(Text.assemble((first, colour), "\n", rest, "\n"))
        except (OSError, ValueError) as error:  # ValueError: the file has been closed
            raise DeliveryError(f"The console cannot be written to: {error}.") from error


def open_channels(receivers: Sequence[Receiver], clock: Clock) -> Mapping[str, Channel]:
    """A channel for each receiver, by its name."""
    return {
        receiver.name: Console() if receiver.kind == "console" else Webhook(receiver, clock) for receiver in receivers
    }
