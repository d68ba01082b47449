"""The registry of models: their files under a URL, their records and aliases in the store.

A version without a record does not exist, and the record is written last; so an upload that breaks off leaves none.
Which version serves is one row, which running classifiers, on any machine, look at between batches.
"""

from __future__ import annotations

import logging
import re
from difflib import get_close_matches
from pathlib import Path

from monitor.classify.labels import Labels
from monitor.classify.manifest import MANIFEST_NAME, load_manifest
from monitor.clock import Clock, system_clock
from monitor.errors import InputError, ModelError
from monitor.learning.versions.artifacts import Artifacts
from monitor.learning.versions.cache import cached_names, drop, fetch_into
from monitor.learning.versions.pruning import needed, surplus
from monitor.learning.versions.version import (
    ALIASES,
    Alias,
    AliasChange,
    AliasState,
    Change,
    Judgement,
    ModelVersion,
    Origin,
    reign,
)
from monitor.store import models
from monitor.store.database import Connection, Database

__all__ = ["SHIPPED_MODELS", "Judgement", "ModelVersion", "Registry"]

SHIPPED_MODELS = Path(__file__).resolve().parents[2] / "models"
"""Holds the models that come with the package, each in a folder named for its grade."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*-[0-9a-f]{12}")
_SHOWN_IDS = 5

_log = logging.getLogger(__name__)


class Registry:
    """Model versions, and which of each grade is the champion and which the candidate."""

    def __init__(
        self,
        database: Database,
        url: str,
        cache_folder: Path,
        clock: Clock = system_clock,
        *,
        shipped: Path = SHIPPED_MODELS,
    ) -> None:
        """Open a registry.

        Args:
            database: Holds records and aliases.
            url: Where the files lie: a path, or a URL of fsspec.
            cache_folder: Local folder for fetched versions; is created when needed.
            clock: Dates what is written.
            shipped: Holds the models that come with the package.

        Raises:
            SettingsError: The URL's file system is unknown, or its driver is not installed.
        """
        self._database = database
        self._artifacts = Artifacts(url)
        self._cache = cache_folder
        self._clock = clock
        self._shipped = shipped

    def add(self, folder: Path, origin: Origin, parent: str | None = None, note: str = "") -> ModelVersion:
        """Take a model in; the same content again changes nothing but mends damaged files.

        Args:
            folder: Holds manifest.json and the files it names.
            origin: How it came to be.
            parent: Id of the version it was trained from, empty for none; None where the manifest knows.
            note: One sentence for a person.

        Returns:
            The version; as it was added first, where it was there already.

        Raises:
            ModelError: The folder is not a whole model of this code's labels, or the registry did not take it.
        """
        manifest = load_manifest(folder, Labels())
        papers = (folder / MANIFEST_NAME).read_text(encoding="utf-8")
        version_id = manifest.model_version
        if not _ID.fullmatch(version_id):
            raise ModelError(
                f"{folder}: the grade {manifest.grade!r} is no usable name.", "Use letters, digits, hyphens and dots."
            )
        version = ModelVersion(
            id=version_id,
            grade=manifest.grade,
            parent=manifest.parent if parent is None else parent,
            created_at=self._clock(),
            origin=origin,
            url=version_id,
            manifest=papers,
            data_fingerprint=manifest.data_fingerprint,
            note=note,
        )
        with self._database.read() as connection:
            kept = models.read_version(connection, version_id) or version
        self._artifacts.upload(folder, kept.url, kept.files, kept.manifest.encode())
        self._artifacts.accompany(folder, kept.url)
        with self._database.write() as connection:
            models.write_version(connection, version)
        return self.get(version_id)

    def get(self, version_id: str) -> ModelVersion:
        """The version of that id.

        Raises:
            InputError: There is none; names the nearest.
        """
        with self._database.read() as connection:
            version = models.read_version(connection, version_id)
            if version is None:
                raise _unknown(version_id, models.read_version_ids(connection))
        return version

    def find(self, name: str, grade: str) -> ModelVersion:
        """The version that a person means.

        Args:
            name: An id, its unambiguous beginning, or an alias; the champion is what serves, so the shipped version
                where there is none and that one is on record.
            grade: Whose alias.

        Raises:
            InputError: There is none, or more than one.
        """
        for alias in ALIASES:
            if name == alias:
                version = self._bearer(grade, alias)
                shipped = self._shipped / grade
                if version is None and alias == "champion" and (shipped / MANIFEST_NAME).is_file():
                    return self._on_record(shipped)
                if version is None:
                    raise InputError(f"The grade {grade} has no {alias}.", "See: monitor models list.")
                return version
        with self._database.read() as connection:
            ids = models.read_version_ids(connection)
        begun = [version_id for version_id in ids if version_id.startswith(name)] if name else []
        if len(begun) > 1:
            raise InputError(f"{name!r} begins several ids: {', '.join(begun)}.", "Give more of it.")
        return self.get(begun[0] if begun else name)

    def versions(self, grade: str | None = None) -> list[ModelVersion]:
        """The versions of a grade, or of all, newest first."""
        with self._database.read() as connection:
            return models.read_versions(connection, grade)

    def champion(self, grade: str) -> ModelVersion | None:
        """The version that serves; None where the model that comes with the package does."""
        return self._bearer(grade, "champion")

    def candidate(self, grade: str) -> ModelVersion | None:
        """The version that waits for its judgement."""
        return self._bearer(grade, "candidate")

    def standing(self, grade: str, alias: Alias = "champion") -> AliasState:
        """The id that bears an alias and its revision: one indexed row, to be asked between batches."""
        with self._database.read() as connection:
            return models.read_alias(connection, grade, alias)

    def history(self, grade: str, alias: Alias = "champion") -> list[AliasChange]:
        """Every change of an alias, oldest first."""
        with self._database.read() as connection:
            return models.read_changes(connection, grade, alias)

    def fetch(self, version_id: str) -> Path:
        """The folder of a version on this machine; it is whole, or it is not there.

        Raises:
            InputError: There is no such version.
            ModelError: A file is missing, changed or out of reach; `retryable` where trying again may help.
        """
        return fetch_into(self._cache, self._artifacts, self.get(version_id))

    def promote(
        self, version_id: str, why: str, by: str, *, over: str | None = None, judgement: Judgement | None = None
    ) -> ModelVersion:
        """Make a version the champion of its grade; nothing changes where it is already.

        Where the grade had none, the shipped model is put on record as the champion before it, so that a rollback has
        somewhere to go. A candidate that is promoted is a candidate no more.

        Args:
            version_id: Which; its files are fetched and checked first.
            why: One sentence.
            by: A person's or a job's name.
            over: Id of the champion that it was judged against, empty for none; None where that does not matter.
            judgement: Is written with the promotion, or not at all.

        Raises:
            InputError: There is no such version.
            ModelError: Its files are damaged or out of reach.
            StoreError: `over` is the champion no more.
        """
        version = self.get(version_id)
        self.fetch(version_id)
        shipped = self._shipped_version(version.grade)
        with self._database.write() as connection:
            held = models.hold_alias(connection, version.grade, "champion")
            if over is not None and (held.version or "") != over:
                raise models.changed_meanwhile(version.grade, "champion")
            if judgement is not None:
                models.write_judgement(connection, judgement)
            if held.version is None and shipped is not None and shipped.id != version.id:
                first = self._change("It ships with the monitor and served until now.", by)
                held = models.move_alias(connection, version.grade, "champion", held, shipped.id, "promoted", first)
            change = self._change(why, by)
            if held.version != version.id:
                models.move_alias(connection, version.grade, "champion", held, version.id, "promoted", change)
            waiting = models.hold_alias(connection, version.grade, "candidate")
            if waiting.version == version.id:
                models.move_alias(connection, version.grade, "candidate", waiting, None, "cleared", change)
        return version

    def rollback(self, grade: str, why: str, by: str) -> ModelVersion:
        """Make the champion before this one the champion again; once more, and it is the one before that.

        Args:
            grade: Whose champion.
            why: One sentence.
            by: A person's or a job's name.

        Returns:
            The champion now.

        Raises:
            InputError: There is no champion before this one.
            ModelError: Its files are damaged or out of reach.
            StoreError: The champion was changed by another at the same time.
        """
        before = self.standing(grade)
        champions = reign(self.history(grade))
        if len(champions) < 2:
            what = f"its first champion, {champions[0]}, serves" if champions else "it never had a champion"
            raise InputError(f"The grade {grade} cannot be rolled back: {what}.", "See: monitor models list.")
        version = self.get(champions[-2])
        self.fetch(version.id)
        with self._database.write() as connection:
            held = models.hold_alias(connection, grade, "champion")
            if held != before:
                raise models.changed_meanwhile(grade, "champion")
            change = self._change(why, by)
            models.move_alias(connection, grade, "champion", held, version.id, "rolled-back", change)
        return version

    def set_candidate(self, version_id: str, why: str, by: str) -> ModelVersion:
        """Make a version the candidate of its grade.

        Raises:
            InputError: There is no such version.
        """
        version = self.get(version_id)
        with self._database.write() as connection:
            held = models.hold_alias(connection, version.grade, "candidate")
            if held.version != version.id:
                change = self._change(why, by)
                models.move_alias(connection, version.grade, "candidate", held, version.id, "set", change)
        return version

    def clear_candidate(self, grade: str, why: str, by: str) -> None:
        """Leave a grade without a candidate."""
        with self._database.write() as connection:
            held = models.hold_alias(connection, grade, "candidate")
            if held.version is not None:
                change = self._change(why, by)
                models.move_alias(connection, grade, "candidate", held, None, "cleared", change)

    def prune(self, keep: int, grade: str | None = None, *, dry_run: bool = False) -> list[ModelVersion]:
        """Remove the versions that nobody needs: records, files, and copies on this machine.

        Whoever bears an alias stays, and so does every champion that rollbacks can still lead to; what was written
        down of the removed ones (changes of aliases, judgements) stays as well. The record goes first, so that nothing
        is promoted that is half gone; a kill after it leaves files that no record names, and that nothing reads.

        Args:
            keep: How many of the others stay, the newest of each grade; at least 1.
            grade: Whose versions; None for all.
            dry_run: Remove nothing.

        Returns:
            What was removed, or would be; newest first.

        Raises:
            ModelError: Files could not be removed; `retryable` where trying again may help.
            ValueError: `keep` is less than 1.
        """
        if dry_run:
            with self._database.read() as connection:
                return self._surplus(connection, keep, grade)
        with self._database.write() as connection:
            for each in models.read_grades(connection):
                for alias in ALIASES:  # nobody promotes one of them before this is done
                    models.hold_alias(connection, each, alias)
            going = self._surplus(connection, keep, grade)
            models.delete_versions(connection, [version.id for version in going])
        for version in going:
            self._artifacts.remove(version.url)
        self._drop_unknown()
        return going

    def _surplus(self, connection: Connection, keep: int, grade: str | None) -> list[ModelVersion]:
        staying = needed(models.read_aliases(connection).values(), models.read_changes(connection))
        return surplus(models.read_versions(connection, grade), staying, keep)

    def _drop_unknown(self) -> None:
        """Remove the copies on this machine of versions that have no record, whoever removed that."""
        with self._database.read() as connection:
            known = set(models.read_version_ids(connection))
        for name in cached_names(self._cache):
            if _ID.fullmatch(name) and name not in known:
                drop(self._cache, name)

    def _bearer(self, grade: str, alias: Alias) -> ModelVersion | None:
        with self._database.read() as connection:
            version_id = models.read_alias(connection, grade, alias).version
            return None if version_id is None else models.read_version(connection, version_id)

    def _on_record(self, shipped: Path) -> ModelVersion:
        """The version of a shipped model, which serves where its grade has no champion."""
        manifest = load_manifest(shipped, Labels())
        with self._database.read() as connection:
            version = models.read_version(connection, manifest.model_version)
        if version is None:
            raise InputError(
                f"The grade {manifest.grade} has no champion: {manifest.model_version} serves, as it ships.",
                f"Promote one, or put that on record first: monitor models add {shipped}",
            )
        return version

    def _shipped_version(self, grade: str) -> ModelVersion | None:
        """The shipped model on record, where the grade never had a champion and one ships."""
        folder = self._shipped / grade
        if self.standing(grade).version is not None or not (folder / MANIFEST_NAME).is_file():
            return None
        try:
            return self.add(folder, "imported", note="Ships with the monitor.")
        except ModelError as error:
            if error.retryable:
                raise
            _log.warning("The shipped model cannot be put on record, so no rollback will lead to it: %s", error)
            return None

    def _change(self, why: str, by: str) -> Change:
        return Change(at=self._clock(), why=why, by=by)


def _unknown(version_id: str, ids: list[str]) -> InputError:
    nearest = get_close_matches(version_id, ids, n=_SHOWN_IDS, cutoff=0.3) or ids[:_SHOWN_IDS]
    known = f"The nearest: {', '.join(nearest)}." if nearest else "There are none yet: monitor models add FOLDER."
    return InputError(f"There is no model version {version_id!r}.", known)
