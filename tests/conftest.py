"""Fixtures that every room's tests may use."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.brokers"]

# A busy machine makes any example slow for once; how long tests may take is pytest's to say.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
