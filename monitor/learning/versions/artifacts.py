"""The files of model versions under the registry's URL: a shared folder, or object storage by fsspec."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from monitor.classify.manifest import CARD_NAME, MANIFEST_NAME, REPORT_FOLDER
from monitor.errors import ModelError, SettingsError

_CHUNK_BYTES = 1 << 20
_LOGIN = re.compile(r"//[^/@]*@")


class Artifacts:
    """One folder for each version, whose manifest comes last and whose files are checked on their way in and out."""

    def __init__(self, url: str) -> None:
        """Find the file system of a URL; nothing is read or written yet.

        Args:
            url: A path, or a URL of fsspec such as `s3://bucket/models`.

        Raises:
            SettingsError: There is no such file system, or its driver is not installed.
        """
        self.url = _LOGIN.sub("//", url)
        """Without a login."""
        try:
            filesystem, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise SettingsError(
                f"learning.registry_url: {self.url} cannot be used: {error}.",
                "Give a folder, or a URL of fsspec whose driver is installed (s3://: s3fs, gs://: gcsfs).",
            ) from error
        self._filesystem: Any = filesystem
        self._root = str(root).rstrip("/")

    def upload(self, folder: Path, name: str, files: Mapping[str, str], manifest: bytes) -> None:
        """Bring a version's files, those that are there already and whole excepted; the manifest last.

        Args:
            folder: Holds the files.
            name: Of the version's folder.
            files: sha256 by file name.
            manifest: Its content.

        Raises:
            ModelError: The registry did not take a file, or not as it is; `retryable` where trying again may help.
        """
        with self._guarded("written"):
            self._filesystem.invalidate_cache()
            self._filesystem.makedirs(f"{self._root}/{name}", exist_ok=True)
            for file, sha256 in files.items():
                target = f"{self._root}/{name}/{file}"
                if self._sha256(target) == sha256:
                    continue
                self._put(folder / file, target)
                if self._sha256(target) != sha256:
                    raise ModelError(f"{self.url}/{name}/{file} is not what was written.", "Add the model once more.")
            with self._replacing(f"{self._root}/{name}/{MANIFEST_NAME}") as path:
                self._filesystem.pipe_file(path, manifest)

    def accompany(self, folder: Path, name: str) -> None:
        """Bring what people read about a version: its card, and the pages and pictures of its report.

        Args:
            folder: Holds some of them or none.
            name: Of the version's folder, which is there.

        Raises:
            ModelError: The registry did not take one; `retryable` where trying again may help.
        """
        with self._guarded("written"):
            for path in (folder / CARD_NAME, *sorted(folder.glob(f"{REPORT_FOLDER}/*"))):
                if path.is_file():
                    target = f"{self._root}/{name}/{path.relative_to(folder).as_posix()}"
                    self._filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
                    self._put(path, target)

    def download(self, name: str, files: Mapping[str, str], into: Path) -> None:
        """Bring a version's files into a folder.

        Args:
            name: Of the version's folder.
            files: sha256 by file name.
            into: An existing folder.

        Raises:
            ModelError: A file is missing or changed, or cannot be read; `retryable` where trying again may help.
        """
        for file, sha256 in files.items():
            shown = f"{self.url}/{name}/{file}"
            with self._guarded("read"):
                try:
                    with self._filesystem.open(f"{self._root}/{name}/{file}", "rb") as source:
                        found = _copy(source, into / file)
                except FileNotFoundError as error:
                    raise _damaged(f"{shown} is missing") from error
            if found != sha256:
                raise _damaged(f"{shown} has changed: its sha256 is {found[:12]}..., not {sha256[:12]}...")

    def remove(self, name: str) -> None:
        """Remove a version's folder, its manifest first; one that is not there is gone already.

        Args:
            name: Of the version's folder.

        Raises:
            ModelError: The registry did not remove it; `retryable` where trying again may help.
        """
        with self._guarded("written"):
            self._filesystem.invalidate_cache()
            for path, whole in ((f"{self._root}/{name}/{MANIFEST_NAME}", False), (f"{self._root}/{name}", True)):
                with suppress(FileNotFoundError):
                    self._filesystem.rm(path, recursive=whole)

    def _put(self, source: Path, target: str) -> None:
        with self._replacing(target) as path:
            self._filesystem.put_file(str(source), path)

    @contextmanager
    def _replacing(self, target: str) -> Iterator[str]:
        """Where to write what is to be seen at `target` whole or not at all; object storage does so by itself."""
        if not isinstance(self._filesystem, LocalFileSystem):
            yield target
            return
        part = f"{target}.{uuid4().hex}.part"
        try:
            yield part
            Path(part).replace(target)
        finally:
            Path(part).unlink(missing_ok=True)

    def _sha256(self, path: str) -> str | None:
        try:
            with self._filesystem.open(path, "rb") as file:
                return _digest(file)
        except FileNotFoundError:
            return None

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            failure = ModelError(
                f"The registry {self.url} cannot be {what}: {error}.", "Check `learning.registry_url` and its rights."
            )
            failure.retryable = not isinstance(error, PermissionError)
            raise failure from error


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _copy(source: BinaryIO, target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _damaged(what: str) -> ModelError:
    return ModelError(
        f"{what}.", "Add the model again from its folder (monitor models add), or promote another version."
    )
