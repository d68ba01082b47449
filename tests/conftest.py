"""Fixtures that every room's tests may use."""

from __future__ import annotations

from hypothesis import settings

from tests.costly import THOROUGH

pytest_plugins = ["tests.brokers"]

# A busy machine makes any example slow for once; how long tests may take is pytest's to say. The same examples every
# time: a change must not fail for what it did not touch. `--hypothesis-profile explore` looks for new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=THOROUGH)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("repeatable")
