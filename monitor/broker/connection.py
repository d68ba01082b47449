"""How to reach a cluster, and what its errors mean to us."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from kafka import errors as kafka_errors

from monitor.errors import BrokerError

REQUEST_SECONDS = 10.0
"""How long one request to a broker may take before it is given up."""
CONNECT_SECONDS = 15.0
"""How long the first contact with a cluster may take."""

# kafka-python logs every refused connection as an error, several a second while a broker is away; what matters of it
# reaches the caller as a BrokerError. Whoever sets a level of their own on this logger keeps it.
_LIBRARY_LOG = logging.getLogger("kafka")
if _LIBRARY_LOG.level == logging.NOTSET:
    _LIBRARY_LOG.setLevel(logging.CRITICAL)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where a cluster is, and how to prove who we are.

    Attributes:
        bootstrap: `host:port`, several separated by commas.
        client_id: Names this process in the cluster's logs and quotas.
        security_protocol: As Kafka calls it.
        sasl_mechanism: For the SASL protocols.
        sasl_username: Likewise.
        sasl_password: Likewise; never printed.
        ssl_cafile: PEM file of authorities to trust beyond the system's; for the SSL protocols.
    """

    bootstrap: str
    client_id: str = "sentiment-monitor"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: str | None = None

    def options(self) -> dict[str, Any]:
        """The options that every client of the library shares."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
            "ssl_cafile": self.ssl_cafile,
            "bootstrap_timeout_ms": int(CONNECT_SECONDS * 1000),
            "request_timeout_ms": int(REQUEST_SECONDS * 1000),
            # A broker that is back must be found soon: at most 1 s between attempts, not the default 30 s.
            "reconnect_backoff_max_ms": 1000,
        }
        if self.security_protocol.startswith("SASL"):
            options |= {"sasl_mechanism": self.sasl_mechanism}
            options |= {"sasl_plain_username": self.sasl_username, "sasl_plain_password": self.sasl_password}
        return options


def forbid_topic_creation(cluster: Any) -> None:
    """Makes a client ask for topics without creating them.

    kafka-python 3.0.12 takes the option `allow_auto_create_topics` and drops it on the way to the request, and the
    embedded broker then creates what is asked for, with four partitions.

    Args:
        cluster: The library's metadata of the cluster.
    """
    cluster.config["allow_auto_create_topics"] = False


@contextmanager
def translated(action: str, bootstrap: str) -> Iterator[None]:
    """Turns the library's errors into ours.

    Args:
        action: What was tried, for the message: "reading the topics".
        bootstrap: Where.

    Raises:
        BrokerError: With `retryable` set by what happened.
    """
    try:
        yield
    except kafka_errors.KafkaError as cause:
        raise broker_error(action, bootstrap, cause) from cause


def broker_error(action: str, bootstrap: str, cause: Exception) -> BrokerError:
    """The error to raise for one of the library's."""
    error = BrokerError(f"Kafka at {bootstrap} failed at {action}: {cause}.", _remedy(cause))
    # "Unknown" is what a server says that met something unexpected, such as a topic that went with a restart.
    error.retryable = bool(getattr(cause, "retriable", False)) or isinstance(cause, kafka_errors.UnknownError)
    return error


def _remedy(cause: Exception) -> str:
    match cause:
        case kafka_errors.AuthorizationError():
            return "Give this user the right to that topic or group."
        case kafka_errors.SaslAuthenticationFailedError() | kafka_errors.UnsupportedSaslMechanismError():
            return "Check the SASL mechanism, user name and password."
        case kafka_errors.UnknownTopicOrPartitionError():
            return "Create the topic, or wait until it is known everywhere."
        case kafka_errors.KafkaTimeoutError() | kafka_errors.KafkaConnectionError():
            return "Check that a broker runs at that address and that it can be reached from here."
        case _:
            return "See the broker's log."
