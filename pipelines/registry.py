"""The registry of models that the settings name."""

from __future__ import annotations

from monitor.clock import Clock, system_clock
from monitor.learning.versions.registry import Registry
from monitor.settings import Settings
from monitor.store.database import Database


def open_registry(settings: Settings, database: Database, clock: Clock = system_clock) -> Registry:
    """The registry whose records this store holds.

    Raises:
        SettingsError: `learning.registry_url` cannot be used.
    """
    return Registry(database, settings.registry_url, settings.model_cache, clock)
