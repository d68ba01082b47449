"""One matcher over what ships, for all tests of this room: building it takes a second."""

from __future__ import annotations

import pytest

from monitor.entities.gazetteer import Gazetteer, load_gazetteer
from monitor.entities.matching import Matcher


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return load_gazetteer()


@pytest.fixture(scope="session")
def matcher(gazetteer: Gazetteer) -> Matcher:
    return Matcher(gazetteer)
