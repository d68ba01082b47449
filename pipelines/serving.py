"""The model that serves by the settings and the store: a grade's champion, or a folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from monitor.classify.choosing import open_engine
from monitor.classify.engine import Engine
from monitor.classify.options import ClassifySettings
from monitor.classify.serving import ModelSource, PinnedSource
from monitor.errors import ModelError
from monitor.learning.versions.registry import Registry
from monitor.settings import Settings
from monitor.store.database import Database
from pipelines.registry import open_registry
from pipelines.stages import names_grade, shipped_folder


class ChampionSource:
    """The champion of a grade, as the registry says; while there is none, the model of that name that ships."""

    def __init__(self, registry: Registry, grade: str, open_folder: Callable[[Path], Engine]) -> None:
        self._registry = registry
        self._grade = grade
        self._open_folder = open_folder

    def current(self) -> str:
        """The champion's id; empty for the model that ships. One indexed row."""
        return self._registry.standing(self._grade).version or ""

    def open(self, key: str) -> Engine:
        """Fetch a version, where it is not on this machine yet, and load it.

        Raises:
            ModelError: It cannot be fetched or loaded, or none ships.
        """
        return self._open_folder(self._registry.fetch(key) if key else self._shipped())

    def _shipped(self) -> Path:
        folder = shipped_folder(self._grade)
        if not folder.is_dir():
            raise ModelError(
                f"The grade {self._grade} has no champion, and no model of that name ships with the monitor.",
                "Promote one: monitor models promote.",
            )
        return folder


def model_source(settings: Settings, database: Database) -> ModelSource:
    """Says which model classifies, and opens it.

    Raises:
        SettingsError: `learning.registry_url` cannot be used.
    """
    options = settings.classify
    opening = partial(open_folder, options=options)
    if names_grade(options.model):
        return ChampionSource(open_registry(settings, database), options.model, opening)
    return PinnedSource(Path(options.model), opening)


def open_serving(settings: Settings, database: Database) -> Engine:
    """The engine that a classifier started now would serve with.

    Raises:
        ModelError: There is none, or it cannot be loaded.
    """
    source = model_source(settings, database)
    return source.open(source.current())


def open_folder(folder: Path, options: ClassifySettings) -> Engine:
    """A model's folder on the engine that the settings ask for.

    Raises:
        ModelError: See `open_engine`.
    """
    return open_engine(folder, options.threads, options.device, precision=options.precision, compiling=options.compile)
