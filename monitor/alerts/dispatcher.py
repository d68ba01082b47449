"""The dispatcher: takes due notifications from the outbox, sends them, and writes down how that went.

At least once: a notification is claimed before it is sent and marked after, so a process that dies in between leaves a
claim that runs out, and the notification goes out again with the same id.

In order, and without waiting for each other: of one alert, a receiver gets the second notice only when it has taken the
first (the claim sees to that); all else goes in parallel. Each receiver has threads of its own, so one that hangs holds
up nobody else, and one that fails on one alert still gets the others.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Final, Self

import msgspec

from monitor.alerts.channels import Channel
from monitor.clock import Clock
from monitor.errors import DeliveryError
from monitor.store import outbox
from monitor.store.database import Connection, Database
from monitor.store.rows import ClaimedNotification

_NUMBERS = count(1)
_DOUBLINGS: Final = 32  # enough to reach any cap, few enough not to overflow


class DeliveryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How hard the dispatcher tries.

    Attributes:
        first_pause: After the first failure; doubled after each further one.
        longest_pause: The cap of that.
        give_up_after: Time from the first attempt, after which a failure is final.
        concurrency: Notifications on their way to one receiver at the same time, at most.
        claim_for: After how long another dispatcher may take what this one has claimed; longer than any channel takes.
        patience_seconds: How long a step waits for what is on its way.
    """

    first_pause: timedelta = timedelta(seconds=2)
    longest_pause: timedelta = timedelta(minutes=10)
    give_up_after: timedelta = timedelta(hours=24)
    concurrency: int = 4
    claim_for: timedelta = timedelta(minutes=10)
    patience_seconds: float = 0.2


class Dispatcher:
    """Sends what is in the outbox. Several may share a store, also from several processes."""

    def __init__(
        self, database: Database, channels: Mapping[str, Channel], clock: Clock, policy: DeliveryPolicy | None = None
    ) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._policy = policy or DeliveryPolicy()
        self._holder = f"{socket.gethostname()}-{os.getpid()}-{next(_NUMBERS)}"
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._sending: dict[Future[None], ClaimedNotification] = {}

    def step(self) -> int:
        """Claims what is due, starts sending it, and marks what is done; costs one small query where nothing is due.

        Waits for what is on its way, but only for the policy's patience; the rest is marked by a later step.

        Returns:
            How many attempts ended, well or badly; where it is not 0, more may be due.

        Raises:
            StoreError: The store failed; what is on its way stays so and is marked by a later step.
        """
        ended = self._settle()
        for claimed in self._claim():
            receiver = claimed.notification.receiver
            if receiver not in self._threads:
                self._threads[receiver] = ThreadPoolExecutor(self._policy.concurrency, f"send-{receiver}")
            sent = self._threads[receiver].submit(self._channels[receiver].send, claimed.notification)
            self._sending[sent] = claimed
        wait(self._sending, timeout=self._policy.patience_seconds)
        return ended + self._settle()

    def close(self) -> None:
        """Waits for what is on its way, as long as its channels allow, and marks it."""
        for threads in self._threads.values():
            threads.shutdown()
        self._settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _claim(self) -> list[ClaimedNotification]:
        now = self._clock()
        in_hand = [claimed.notification.id for claimed in self._sending.values()]
        with self._database.read() as connection:
            waiting = outbox.receivers_due(connection, now, in_hand)
        room = {receiver: self._room(receiver) for receiver in waiting}
        if not any(room.values()):
            return []
        claimed: list[ClaimedNotification] = []
        with self._database.write() as connection:
            for receiver, limit in room.items():
                found = outbox.claim_due(
                    connection, self._holder, now, self._policy.claim_for, limit, receiver=receiver, in_hand=in_hand
                )
                if receiver in self._channels:
                    claimed += found
                    continue
                for item in found:
                    fault = f"The settings name no receiver {receiver}."
                    outbox.mark_dead(connection, item.notification.id, self._holder, fault)
        return claimed

    def _room(self, receiver: str) -> int:
        busy = sum(claimed.notification.receiver == receiver for claimed in self._sending.values())
        return self._policy.concurrency - busy

    def _settle(self) -> int:
        done = [sent for sent in self._sending if sent.done()]
        if done:
            with self._database.write() as connection:
                for sent in done:
                    self._mark(connection, self._sending[sent], sent.exception())
        for sent in done:
            del self._sending[sent]
        return len(done)

    def _mark(self, connection: Connection, claimed: ClaimedNotification, fault: BaseException | None) -> None:
        name, now = claimed.notification.id, self._clock()
        if fault is None:
            outbox.mark_delivered(connection, name, now)
            return
        # What is not a DeliveryError is a fault of the channel, which another attempt would only repeat.
        known = isinstance(fault, DeliveryError)
        error = str(fault) if known else f"The channel failed: {type(fault).__name__}: {fault}."
        again = next_attempt_at(self._policy, claimed, fault, now) if isinstance(fault, DeliveryError) else None
        if again is None:
            outbox.mark_dead(connection, name, self._holder, error)
        else:
            outbox.mark_failed(connection, name, self._holder, error, again)


def next_attempt_at(
    policy: DeliveryPolicy, claimed: ClaimedNotification, fault: DeliveryError, now: datetime
) -> datetime | None:
    """When to try again: after a pause that doubles, or when the receiver asks for, whichever is later.

    The pause is shortened by up to a half, by a fraction that follows from the notification's id and the attempt, so
    that many that failed together do not return together. The last attempt is made when the time to give up has come.

    Returns:
        UTC-aware wall clock; None to give up.
    """
    give_up_at = claimed.first_attempt_at + policy.give_up_after
    if not fault.retryable or now >= give_up_at:
        return None
    doubled = policy.first_pause * (1 << min(claimed.attempts - 1, _DOUBLINGS))
    pause = min(policy.longest_pause, doubled) * (1 - fraction(claimed.notification.id, claimed.attempts) / 2)
    asked = timedelta(seconds=min(fault.retry_after_seconds or 0.0, policy.give_up_after.total_seconds()))
    return min(now + max(pause, asked), give_up_at)


def fraction(notification_id: str, attempt: int) -> float:
    """A number in [0, 1) that follows from its arguments and looks random.

    >>> fraction("a", 1) == fraction("a", 1) != fraction("a", 2)
    True
    """
    digest = hashlib.blake2b(f"{notification_id}/{attempt}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
