"""The shipped engine, loaded once."""

from __future__ import annotations

import pytest

from monitor.classify.openvino_engine import OpenVinoEngine


@pytest.fixture(scope="session")
def engine() -> OpenVinoEngine:
    """The shipped model on two threads."""
    return OpenVinoEngine(threads=2)
