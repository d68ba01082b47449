"""The surge stage: one active counter under a lease, others standing by."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from monitor.broker.client import KafkaClient
from monitor.broker.names import TopicNames
from monitor.clock import Clock
from monitor.errors import LeaseLostError, MonitorError, TopicRecreatedError
from monitor.store import counting, entities, leases
from monitor.store.database import Database
from monitor.store.merged_series import join_past
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.session import STAGE, MergedError, Session

LEASE_TTL = timedelta(seconds=10)
"""After so long without a renewal a standby takes over."""

RENEW_SECONDS = 2.5

_log = logging.getLogger(__name__)


class SurgeWorker:
    """Holds the lease while it can, and counts in sessions: a new one after anything that leaves the last in doubt."""

    def __init__(
        self,
        database: Database,
        kafka: KafkaClient,
        names: TopicNames,
        rules: SurgeRules,
        *,
        holder: str,
        clock: Clock,
        abstain_below: float | None,
        stall_after: timedelta | None,
        elapsed: Callable[[], float] = time.monotonic,
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        """Wires a worker; nothing is read before the first `step`.

        Args:
            database: The store.
            kafka: The cluster.
            names: Names of the topics.
            rules: How surges are judged.
            holder: Unique to this process, for the lease.
            clock: Says when the lease ends, and what stalls do not pass; never for verdicts.
            abstain_below: Sentiments less probable than this do not count as negative, in [0, 1]; None: than what each
                article's model asks for.
            stall_after: Live: how long watermarks may stay away before the clock moves time on. None (a replay):
                for ever.
            elapsed: A clock that nobody sets, in seconds: says when the lease is to be renewed, and for how long
                watermarks stayed away.
            renew_seconds: Time between two renewals of the lease, or looks at it; well below `LEASE_TTL`.
        """
        self._database = database
        self._kafka = kafka
        self._topic = names.scored
        self._rules = rules
        self._holder = holder
        self._clock = clock
        self._abstain_below = abstain_below
        self._stall_after = stall_after
        self._epoch: int | None = None
        self._elapsed = elapsed
        self._renew_seconds = renew_seconds
        self._renew_at = elapsed()
        self._session: Session | None = None
        self._ended = {"articles": 0, "ticks": 0}

    @property
    def counters(self) -> dict[str, float]:
        """Articles counted and ticks written by this process, and whether it is the active one."""
        session = self._session
        return {
            "articles": self._ended["articles"] + (session.articles if session else 0),
            "ticks": self._ended["ticks"] + (session.ticks if session else 0),
            "active": float(self._epoch is not None),
        }

    def step(self) -> int:
        """Reads, and counts once a tick is complete.

        Returns:
            How many messages were read and ticks written; 0 where there was nothing to do, or while standing by.

        Raises:
            BrokerError, StoreError: Out of reach; the step can be repeated.
        """
        epoch = self._held_epoch()
        if epoch is None:
            return 0
        try:
            if self._session is None:
                self._session = self._begin(epoch)
            return self._session.step()
        except MergedError:
            self._end()
            return 1
        except TopicRecreatedError as error:
            _log.warning("%s", error)
            self._end()
            return 1
        except LeaseLostError as error:
            _log.warning("%s", error)
            self._end()
            self._epoch = None
            return 0
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Ends the session and gives the lease back, so that a standby need not wait for it to run out."""
        self._end()
        if self._epoch is not None:
            with self._database.write() as connection:
                leases.release_lease(connection, STAGE, self._epoch)
            self._epoch = None

    def _held_epoch(self) -> int | None:
        if self._elapsed() < self._renew_at:
            return self._epoch
        self._renew_at = self._elapsed() + self._renew_seconds
        with self._database.write() as connection:
            if self._epoch is None:
                self._epoch = leases.take_lease(connection, STAGE, self._holder, self._clock(), LEASE_TTL)
                return self._epoch
            try:
                leases.renew_lease(connection, STAGE, self._epoch, self._clock(), LEASE_TTL)
            except LeaseLostError as error:
                _log.warning("%s", error)
                self._end()
                self._epoch = None
        return self._epoch

    def _begin(self, epoch: int) -> Session:
        """Loads what the store holds: of a large store that takes longer than the lease lasts."""
        with leases.kept_alive(lambda: self._renewed(epoch), self._renew_seconds, "renew-surges"):
            return self._loaded(epoch)

    def _renewed(self, epoch: int) -> bool:
        try:
            with self._database.write() as connection:
                leases.renew_lease(connection, STAGE, epoch, self._clock(), LEASE_TTL)
        except LeaseLostError:  # the session will not be able to write, and then says so
            return False
        except MonitorError as error:
            _log.warning("The lease could not be renewed: %s", error)
        return True

    def _loaded(self, epoch: int) -> Session:
        ids = self._kafka.topics.topic_ids([self._topic])
        with self._database.write() as connection:
            leases.require_lease(connection, STAGE, epoch)
            merges = entities.read_merges(connection)
            join_past(connection, merges, self._rules)
            # While this held the store's one write lock nobody else could renew it.
            leases.renew_lease(connection, STAGE, epoch, self._clock(), LEASE_TTL)
        with self._database.read() as connection:
            snapshot = counting.load_snapshot(connection, STAGE, self._rules)
            offsets = counting.load_offsets(connection, ids[self._topic])
        start = {(self._topic, partition): offset for partition, offset in offsets.items()}
        return Session(
            self._database,
            self._kafka.reader([self._topic], start, topic_ids=ids),
            SurgeCore(self._rules, snapshot),
            merges,
            rules=self._rules,
            topic=self._topic,
            epoch=epoch,
            clock=self._clock,
            abstain_below=self._abstain_below,
            stall_after=self._stall_after,
            elapsed=self._elapsed,
        )

    def _end(self) -> None:
        if self._session is not None:
            self._ended["articles"] += self._session.articles
            self._ended["ticks"] += self._session.ticks
            self._session.close()
            self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
