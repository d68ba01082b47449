"""One misbehaving server for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ingest.hostile import Hostile, serving


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with serving() as server:
        yield server
