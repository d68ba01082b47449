"""Everything that the monitor raises on purpose.

MonitorError                 what is wrong, and what to do about it
├── SettingsError            a setting has a bad value, or two settings contradict each other
├── InputError               a file, row or text given by a user cannot be used
├── ModelError               a model's files are missing, changed, or do not fit the labels
├── BrokerError              Kafka cannot be reached, or did not take what was sent
│   └── TopicRecreatedError  a topic was deleted and made again: its old offsets mean nothing
├── StoreError               the database cannot be reached or is at another schema
│   └── LeaseLostError       another worker took over: what this one meant to write is void
├── FetchError               nothing could be had from the web (monitor/ingest/web/fetched.py)
├── SourceError              a source gave no news (monitor/ingest/sources/source.py)
├── DeliveryError            a receiver did not take a notification
└── WorkerError              a supervised process ended when it should not have
"""

from __future__ import annotations


class MonitorError(Exception):
    """Names what is wrong and what to do about it.

    Attributes:
        what: One sentence that names the thing and its fault.
        remedy: One sentence that says what to do.
        retryable: Whether the same call may succeed later without anyone's help.
    """

    retryable: bool = False

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class SettingsError(MonitorError):
    """A setting has a bad value, or two settings contradict each other."""


class InputError(MonitorError):
    """A file, row or text given by a user cannot be used."""


class ModelError(MonitorError):
    """A model's files are missing, changed, or do not fit the labels."""


class BrokerError(MonitorError):
    """Kafka cannot be reached, or did not take what was sent."""

    retryable = True


class TopicRecreatedError(BrokerError):
    """A topic was deleted and made again, so offsets into the old one mean nothing."""


class StoreError(MonitorError):
    """The database cannot be reached, or is at another schema than the code."""


class LeaseLostError(StoreError):
    """Another worker holds the lease now; nothing this one has in hand may be written."""


class DeliveryError(MonitorError):
    """A receiver did not take a notification.

    `retryable` is set per instance: a refused connection is, a rejected request (HTTP 4xx) is not.
    """

    def __init__(
        self, what: str, remedy: str = "", *, retryable: bool = True, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(what, remedy)
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class WorkerError(MonitorError):
    """A child process cannot be started, or ended when it should not have."""
