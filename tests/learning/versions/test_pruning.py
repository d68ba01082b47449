"""Pruning: what serves, waits or may be rolled back to stays, and of the rest the newest."""

from __future__ import annotations

import tempfile
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.learning.versions.registry import Registry
from monitor.store.database import Database
from tests.learning.folders import model_folder
from tests.learning.versions.registries import registry_at

NAMES = "abcdef"


def added(registry: Registry, place: Path, *names: str, grade: str = "small") -> list[str]:
    return [registry.add(model_folder(place / grade / name, name, grade=grade), "trained").id for name in names]


def test_the_oldest_of_what_nobody_needs_goes_with_its_files_and_copies(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        registry = registry_at(tmp_path, database)
        a, b, c, d = added(registry, tmp_path, *"abcd")
        for version_id in (a, b):
            registry.fetch(version_id)

        assert [version.id for version in registry.prune(2, dry_run=True)] == [b, a]
        assert [version.id for version in registry.versions()] == [d, c, b, a]
        assert [version.id for version in registry.prune(2)] == [b, a]

        assert [version.id for version in registry.versions()] == [d, c]
        assert sorted(path.name for path in (tmp_path / "registry").iterdir()) == sorted([c, d])
        assert list((tmp_path / "cache").iterdir()) == []
        assert registry.prune(2) == []
        with pytest.raises(InputError, match="no model version"):
            registry.promote(a, "Back.", "test")


def test_each_grade_keeps_its_own_and_one_alone_may_be_pruned(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        registry = registry_at(tmp_path, database)
        small = added(registry, tmp_path, *"ab")
        large = added(registry, tmp_path, *"abc", grade="large")

        assert [version.id for version in registry.prune(1, "large")] == [large[1], large[0]]
        assert [version.id for version in registry.prune(1)] == [small[0]]


def test_a_removed_version_can_be_added_again_and_its_history_is_still_told(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        registry = registry_at(tmp_path, database)
        a, b, c = added(registry, tmp_path, *"abc")
        registry.promote(a, "First.", "test")
        registry.promote(b, "Second.", "test")
        registry.rollback("small", "Worse.", "test")
        assert [version.id for version in registry.prune(1)] == [b]

        assert [change.after for change in registry.history("small")] == [a, b, a]
        assert added(registry, tmp_path, "b") == [b]
        assert registry.fetch(b).is_dir()
        assert {version.id for version in registry.versions()} == {a, b, c}


def test_files_in_object_storage_go_too(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        registry = registry_at(tmp_path, database, "memory://pruned/models")
        _, b = added(registry, tmp_path, *"ab")
        registry.prune(1)

        assert registry_at(tmp_path, database, "memory://pruned/models", "elsewhere").fetch(b).is_dir()
        names = [Path(path).name for path in fsspec.filesystem("memory").ls("/pruned/models", detail=False)]
        assert names == [b]


def test_a_copy_whose_record_another_machine_removed_goes_and_strange_folders_stay(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        here, there = registry_at(tmp_path, database), registry_at(tmp_path, database, cache="there")
        a, b = added(here, tmp_path, *"ab")
        there.fetch(a)
        (tmp_path / "there" / "notes of mine").mkdir()
        here.prune(1)

        assert there.prune(1) == []
        assert [path.name for path in (tmp_path / "there").iterdir()] == ["notes of mine"]
        assert [version.id for version in here.versions()] == [b]


@given(st.lists(st.sampled_from([*NAMES, "rollback", "candidate"]), max_size=10), st.integers(1, 4))
@settings(max_examples=20)
def test_after_pruning_all_that_could_be_done_before_can_be_done(steps: list[str], keep: int) -> None:
    with tempfile.TemporaryDirectory() as place, Database.open(f"sqlite:///{place}/monitor.db") as database:
        folder = Path(place)
        registry = registry_at(folder, database)
        ids = dict(zip(NAMES, added(registry, folder, *NAMES), strict=True))
        stack: list[str] = []
        for step in steps:
            if step == "candidate":
                registry.set_candidate(ids["a"], "Trained.", "test")
            elif step != "rollback":
                registry.promote(ids[step], "Better.", "test")
                stack += [ids[step]] if stack[-1:] != [ids[step]] else []
            elif len(stack) > 1:
                registry.rollback("small", "Worse.", "test")
                stack.pop()
        candidate = registry.candidate("small")
        staying = {*stack, *([candidate.id] if candidate else [])}
        others = [version.id for version in registry.versions() if version.id not in staying]

        assert [version.id for version in registry.prune(keep)] == others[keep:]

        elsewhere = registry_at(folder, database, cache="elsewhere")
        assert elsewhere.candidate("small") == candidate
        for version_id in [*staying, *others[:keep]]:
            assert elsewhere.fetch(version_id).is_dir()
        while len(stack) > 1:
            stack.pop()
            assert elsewhere.rollback("small", "Worse.", "test").id == stack[-1]
