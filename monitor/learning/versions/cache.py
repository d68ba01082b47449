"""Model versions on this machine: fetched once, checked each time, never half there."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from monitor.classify.manifest import MANIFEST_NAME, file_sha256
from monitor.errors import ModelError
from monitor.learning.versions.artifacts import Artifacts
from monitor.learning.versions.version import ModelVersion

_ATTEMPTS = 3


def fetch_into(cache: Path, artifacts: Artifacts, version: ModelVersion) -> Path:
    """The folder of a version in a cache, fetched if it is not there or not whole; safe for many processes at once.

    Args:
        cache: Is created when needed.
        artifacts: Where to fetch from.
        version: Which; its record, not what lies beside the files, says what these must be.

    Raises:
        ModelError: A file is missing, changed or out of reach; `retryable` where trying again may help.
    """
    folder = cache / version.id
    if _is_whole(folder, version):
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{version.id}-", dir=cache))
    except OSError as error:
        raise ModelError(f"{cache}: cannot be written: {error.strerror}.", "Check the rights of `data_dir`.") from error
    try:
        whole = building / "whole"
        whole.mkdir()
        artifacts.download(version.url, version.files, whole)
        (whole / MANIFEST_NAME).write_text(version.manifest, encoding="utf-8")
        _install(whole, folder, building, version)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def cached_names(cache: Path) -> list[str]:
    """The names of what lies in a cache, in order; none where there is no cache yet."""
    return sorted(path.name for path in cache.iterdir()) if cache.is_dir() else []


def drop(cache: Path, name: str) -> None:
    """Remove a version from a cache, at once for whoever looks; one that is not there is gone already.

    Raises:
        ModelError: It cannot be removed.
    """
    try:
        going = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
        try:
            with suppress(FileNotFoundError):
                (cache / name).rename(going / "gone")
        finally:
            shutil.rmtree(going, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"{cache / name}: cannot be removed: {error.strerror}.", "Check its rights.") from error


def _is_whole(folder: Path, version: ModelVersion) -> bool:
    try:
        same = (folder / MANIFEST_NAME).read_text(encoding="utf-8") == version.manifest
        return same and all(file_sha256(folder / name) == sha256 for name, sha256 in version.files.items())
    except (OSError, UnicodeDecodeError):
        return False


def _install(whole: Path, folder: Path, building: Path, version: ModelVersion) -> None:
    """Put a fetched folder in its place, unless another process has; a damaged one there makes way."""
    for attempt in range(_ATTEMPTS):
        try:
            whole.rename(folder)
        except OSError:
            if _is_whole(folder, version):
                return
            with suppress(OSError):
                folder.rename(building / f"damaged-{attempt}")
        else:
            return
    raise ModelError(f"{folder}: cannot be replaced.", "Remove it by hand.")
