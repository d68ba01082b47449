"""Fixtures of these tests alone."""

from __future__ import annotations

import pytest

from monitor.broker.embedded import free_port


@pytest.fixture
def free_address() -> str:
    """`host:port` that nothing listens on."""
    return f"127.0.0.1:{free_port()}"
