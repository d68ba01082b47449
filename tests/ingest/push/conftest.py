"""One server for a module, and a desk and a client for each test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from monitor.ingest.push.server import serving_push
from tests.ingest.push.desk import Desk, Stage


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stage = Stage()
    with serving_push(stage, "127.0.0.1", 0) as stage.port:
        yield stage


@pytest.fixture
def client(desk: Desk, stage: Stage) -> Iterator[httpx.Client]:
    with stage.client(desk) as client:
        yield client
