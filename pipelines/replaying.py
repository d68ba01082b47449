"""A replay as ingest runs it: the job's description, its pace, and where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from monitor.alerts.routing import Receiver
from monitor.clock import Clock
from monitor.errors import InputError, TopicRecreatedError
from monitor.ingest.intake.publisher import Publisher
from monitor.ingest.items import ColumnMap, ItemReader, time_zone
from monitor.ingest.recording import Recording
from monitor.ingest.replay import Replay
from monitor.ingest.sources.files import FileFormat, faults_named, read_items
from monitor.store import cursors
from monitor.store.database import Database

CURSOR = "replay"
TOTAL = "replay-items"
JOB = "replay-job"
CONSOLE = Receiver(name="console", kind="console")
"""Whom a replay tells: what is old or invented is news to nobody else."""
LOOK_EVERY = timedelta(seconds=1)
"""How often a replay that is done makes sure that what it published is still there."""


class ReplayJob(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay and how; travels to the ingest process as JSON.

    Attributes:
        path: The file.
        format: Its format.
        columns: Which column holds what.
        time_zone: IANA zone of times that name none.
        day_first: Whether 5/6/2024 is the fifth of June; None where the file's other dates are to tell.
        speed: Stream seconds per second; 0 for as fast as the line takes it.
        paced_from: UTC-aware; what arrives before it goes as fast as the line takes it. None: all is paced.
        max_item_bytes: A larger item is refused.
    """

    path: str
    format: FileFormat
    columns: ColumnMap
    time_zone: str = "UTC"
    day_first: bool | None = None
    speed: float = 0.0
    paced_from: datetime | None = None
    max_item_bytes: int = 1_000_000

    def recording(self) -> Recording:
        """Reads the file.

        Raises:
            InputError: It cannot be used.
        """
        path = Path(self.path)
        reader = ItemReader(
            name=path.name,
            columns=self.columns,
            zone=time_zone(self.time_zone),
            max_item_bytes=self.max_item_bytes,
            day_first=self.day_first,
        )
        recording = Recording(read_items(path, self.format, self.columns), reader)
        if recording.is_unreadable_in_time:
            raise InputError(
                f"{path}: no time in its column {self.columns.time!r} can be read.",
                "Name the column that holds times with --time-column, or write them as 2024-05-06T09:30:00Z.",
            )
        return recording

    def fingerprint(self) -> int:
        """A number by which the rows that this replay leads to are told from those of any other; pace does not count.

        Raises:
            InputError: The file cannot be read.
        """
        path = Path(self.path)
        with faults_named(path, self.format), path.open("rb") as file:
            content = hashlib.file_digest(file, "blake2b").digest()
        read_as = msgspec.structs.replace(self, path=path.name, speed=0.0, paced_from=None)
        # Seven bytes: as much as a cursor holds.
        return int.from_bytes(hashlib.blake2b(msgspec.json.encode(read_as) + content, digest_size=7).digest())


class StoredCursors:
    """How far each source was read, in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, source: str) -> int:
        """The cursor of a source; 0 at first."""
        with self._database.read() as connection:
            return cursors.read_cursor(connection, f"ingest:{source}")

    def save(self, moved: dict[str, int]) -> None:
        """Keeps cursors, all or none."""
        with self._database.write() as connection:
            for source, position in moved.items():
                cursors.set_cursor(connection, f"ingest:{source}", position)


class ReplayWorker:
    """Paces a replay against the clock; the file is read in the first step.

    A place in the recording means nothing for a topic that was made again (an embedded broker that restarted is empty):
    then the replay begins anew, and the counter drops what it knows already.
    """

    def __init__(
        self,
        job: ReplayJob,
        publisher: Publisher,
        stored: StoredCursors,
        topic_id: Callable[[], str],
        clock: Clock,
    ) -> None:
        """Nothing is read yet.

        Args:
            job: What to replay.
            publisher: Writes the articles topic.
            stored: Where the place is kept.
            topic_id: Asks for the id of the articles topic.
            clock: Paces the replay, and the looks at the topic once it is done.
        """
        self._job = job
        self._publisher = publisher
        self._stored = stored
        self._topic_id = topic_id
        self._clock = clock
        self._topic = ""
        self._began = self._looked = clock()
        self._stream_began: datetime | None = None
        self._replay: Replay | None = None
        self.published = 0

    def step(self) -> int:
        """Publishes what is due; begins where an earlier run of this replay stopped.

        Returns:
            How many items were published.

        Raises:
            InputError: The file cannot be used.
            TopicRecreatedError: What was published is gone; a new worker publishes it again.
            BrokerError: The broker did not take everything.
        """
        if self._replay is None:
            self._replay = self._open()
        if self._replay.done:
            self._look_after_what_is_published()
            return 0
        count = self._replay.advance(self._until(self._replay))
        self.published += count
        return count

    def _open(self) -> Replay:
        self._topic = self._topic_id()
        recording = self._job.recording()
        self._stored.save({TOTAL: len(recording)})
        return Replay(recording, self._publisher, self._save, start=self._stored.load(self._cursor))

    @property
    def _cursor(self) -> str:
        return f"{CURSOR}:{self._topic}"

    def _save(self, position: int) -> None:
        self._stored.save({self._cursor: position})

    def _look_after_what_is_published(self) -> None:
        now = self._clock()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        if self._topic_id() != self._topic:
            raise TopicRecreatedError("The topic of the replay was made again.", "It is published anew.")

    def _until(self, replay: Replay) -> datetime | None:
        """The recording's time at this moment; None while it is not paced."""
        job, upcoming = self._job, replay.next_arrival
        if not job.speed or upcoming is None or (job.paced_from and upcoming < job.paced_from):
            return None
        if self._stream_began is None:
            self._began, self._stream_began = self._clock(), upcoming
        return self._stream_began + (self._clock() - self._began) * job.speed
