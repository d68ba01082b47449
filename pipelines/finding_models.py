"""Which folder a person means by the name of a model."""

from __future__ import annotations

from pathlib import Path

from monitor.classify.manifest import MANIFEST_NAME
from monitor.errors import ModelError
from monitor.learning.versions.registry import SHIPPED_MODELS
from monitor.settings import Settings
from monitor.store.database import Database
from pipelines.registry import open_registry

DEFAULT_GRADE = "fast"
_SQLITE = "sqlite:///"


def find_model(settings: Settings, name: str = "") -> Path:
    """The folder of a model on this machine, fetched from the registry where it lies there.

    Args:
        settings: Name the store, the registry, and the model that is meant by no name.
        name: A grade, for its champion, or what ships where there is none; a folder, `./fast` where it is called as a
            grade that ships; or a version's id, its beginning, or an alias of the fast grade. Empty takes
            `classify.model`.

    Raises:
        InputError: There is no such version.
        ModelError: The folder holds no model, or the version's files are damaged or out of reach.
    """
    name = name or settings.classify.model
    folder, shipped = Path(name), SHIPPED_MODELS / name
    # As the line reads the name: what ships goes before a folder that happens to be called so.
    is_grade = folder.name == name and (shipped / MANIFEST_NAME).is_file()
    if not is_grade and (folder / MANIFEST_NAME).is_file():
        return folder
    if not is_grade and folder.is_dir():
        raise ModelError(
            f"{folder}: there is no {MANIFEST_NAME} in it.", "Name a folder that a training or an export wrote."
        )
    if is_grade and not _store_is_there(settings.store_url):
        return shipped
    with Database.open(settings.store_url) as database:
        registry = open_registry(settings, database)
        champion = registry.champion(name)
        if champion is not None:
            return registry.fetch(champion.id)
        return shipped if is_grade else registry.fetch(registry.find(name, DEFAULT_GRADE).id)


def _store_is_there(url: str) -> bool:
    """Whether a store needs to be asked: looking for one must not make one."""
    return not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).is_file()
