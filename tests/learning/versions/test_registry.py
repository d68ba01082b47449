"""What the registry promises: versions are whole or absent, promotions are safe, rollbacks walk back."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import InputError, ModelError, MonitorError, SettingsError, StoreError
from monitor.learning.versions.registry import Registry
from monitor.learning.versions.version import Judgement
from monitor.store import models
from monitor.store.database import Database
from tests.learning.folders import FILES, model_folder
from tests.learning.versions.registries import NOON, registry_at


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as opened:
        yield opened


@pytest.fixture
def registry(tmp_path: Path, database: Database) -> Registry:
    return registry_at(tmp_path, database)


def test_a_version_is_what_was_added_and_adding_it_again_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "built", "one")
    version = registry.add(folder, "trained", parent="small-000000000000", note="The first.")
    assert version.grade == "small"
    assert version.parent == "small-000000000000"
    assert version.metrics["held out"]["accuracy"] == 0.875
    assert registry.get(version.id) == version
    assert registry.add(folder, "imported", note="Again.") == version
    assert registry.versions() == registry.versions("small") == [version]
    assert registry.versions("other") == []


def test_the_manifest_knows_the_parent_where_nobody_says_it(registry: Registry, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "built", "one", parent="small-00000000000a")
    assert registry.add(folder, "retrained").parent == "small-00000000000a"


def test_versions_come_newest_first(registry: Registry, tmp_path: Path) -> None:
    added = [registry.add(model_folder(tmp_path / name, name), "trained") for name in "abc"]
    assert registry.versions() == added[::-1]


@pytest.mark.parametrize("url", ["", "memory://models/of/the/desk"])
def test_what_is_fetched_is_what_was_added(tmp_path: Path, database: Database, url: str) -> None:
    folder = model_folder(tmp_path / "built", "one")
    registry = registry_at(tmp_path, database, url)
    version = registry.add(folder, "trained")
    for each in (registry, registry_at(tmp_path, database, url, cache="another-machine")):
        fetched = each.fetch(version.id)
        for name in (*FILES, "manifest.json"):
            assert (fetched / name).read_bytes() == (folder / name).read_bytes()
        assert [path.name for path in fetched.parent.iterdir()] == [version.id]


def test_the_card_and_the_report_lie_beside_the_files(registry: Registry, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "built", "one")
    (folder / "MODEL_CARD.md").write_text("# The card")
    (folder / "report").mkdir()
    (folder / "report" / "report_topic.md").write_text("# Topics")
    kept = tmp_path / "registry" / registry.add(folder, "trained").url
    assert (kept / "MODEL_CARD.md").read_text() == "# The card"
    assert (kept / "report" / "report_topic.md").read_text() == "# Topics"
    (folder / "MODEL_CARD.md").write_text("# Another")
    registry.add(folder, "trained")
    assert (kept / "MODEL_CARD.md").read_text() == "# Another"


def test_a_fetched_version_needs_the_registry_no_more(registry: Registry, tmp_path: Path) -> None:
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    fetched = registry.fetch(version.id)
    (tmp_path / "registry").rename(tmp_path / "away")
    assert registry.fetch(version.id) == fetched


def test_a_damaged_copy_on_this_machine_is_fetched_anew(registry: Registry, tmp_path: Path) -> None:
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    fetched = registry.fetch(version.id)
    (fetched / "model.bin").write_text("bits that rot")
    (fetched / "model.xml").unlink()
    assert (registry.fetch(version.id) / "model.bin").read_text() == "model.bin of one"


def test_a_version_whose_file_changed_in_the_registry_is_refused_until_it_is_added_again(
    registry: Registry, tmp_path: Path
) -> None:
    folder = model_folder(tmp_path / "built", "one")
    version = registry.add(folder, "trained")
    (tmp_path / "registry" / version.id / "model.bin").write_text("another")
    with pytest.raises(ModelError, match=r"model\.bin has changed"):
        registry.fetch(version.id)
    with pytest.raises(ModelError, match="has changed"):
        registry.promote(version.id, "Try.", "test")
    assert registry.champion("small") is None
    (tmp_path / "registry" / version.id / "model.xml").unlink()
    registry.add(folder, "trained")
    assert registry.fetch(version.id).is_dir()


def test_a_file_missing_from_the_registry_is_named(registry: Registry, tmp_path: Path) -> None:
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    (tmp_path / "registry" / version.id / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing"):
        registry.fetch(version.id)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_upload_that_breaks_off_leaves_no_version(registry: Registry, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "built", "one")
    version_id = registry.add(folder, "trained").id
    # A folder stands where the last file has to go.
    other = model_folder(tmp_path / "other", "two")
    with Database.open(f"sqlite:///{tmp_path / 'elsewhere.db'}") as database:
        blocked = registry_at(tmp_path, database, str(tmp_path / "blocked"))
        (tmp_path / "blocked" / version_id / "tokenizer.json").mkdir(parents=True)
        with pytest.raises(ModelError, match="cannot be"):
            blocked.add(folder, "trained")
        assert blocked.versions() == []
        assert not (tmp_path / "blocked" / version_id / "manifest.json").exists()
        assert blocked.add(other, "trained").grade == "small"
    assert list((tmp_path / "blocked").rglob("*.part")) == []


def test_a_folder_that_is_no_whole_model_is_refused(registry: Registry, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "built", "one")
    (folder / "model.bin").write_text("changed after the manifest")
    with pytest.raises(ModelError, match=r"model\.bin"):
        registry.add(folder, "trained")
    with pytest.raises(ModelError, match="cannot be read"):
        registry.add(tmp_path / "nowhere", "trained")
    with pytest.raises(ModelError, match="no usable name"):
        registry.add(model_folder(tmp_path / "sly", "one", grade="../../small"), "trained")
    assert registry.versions() == []


@pytest.mark.parametrize("url", ["nosuch://bucket", "s3://bucket/models"])
def test_a_registry_without_a_driver_is_a_fault_of_the_settings(tmp_path: Path, database: Database, url: str) -> None:
    if url.startswith("s3"):
        try:
            fsspec.get_filesystem_class("s3")
        except ImportError:
            pass
        else:
            pytest.skip("The driver is installed.")
    with pytest.raises(SettingsError, match=r"learning\.registry_url"):
        registry_at(tmp_path, database, url)


def test_a_login_in_the_url_is_not_shown(tmp_path: Path, database: Database) -> None:
    with pytest.raises(SettingsError) as caught:
        registry_at(tmp_path, database, "nosuch://desk:s3cret@host/models")
    assert "s3cret" not in str(caught.value)


def test_an_unknown_version_is_told_the_nearest_ones(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There are none yet"):
        registry.get("small-000000000000")
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    with pytest.raises(InputError, match=version.id):
        registry.get(version.id[:-1] + "x")
    with pytest.raises(InputError, match=version.id):
        registry.promote("smal", "Try.", "test")


def test_a_person_may_name_a_version_by_its_beginning_or_its_alias(registry: Registry, tmp_path: Path) -> None:
    one, two = (registry.add(model_folder(tmp_path / name, name), "trained") for name in ("one", "two"))
    assert registry.find(one.id, "small") == registry.find(one.id[:-3], "small") == one
    with pytest.raises(InputError, match="begins several"):
        registry.find("small-", "small")
    with pytest.raises(InputError, match="has no champion"):
        registry.find("champion", "small")
    with pytest.raises(InputError, match="no model version"):
        registry.find("", "small")
    model_folder(tmp_path / "shipped" / "small", "shipped")
    with pytest.raises(InputError, match=f"has no champion.*monitor models add {tmp_path}/shipped/small"):
        registry.find("champion", "small")
    shipped = registry.add(tmp_path / "shipped" / "small", "imported")
    assert registry.find("champion", "small") == shipped  # serves as long as there is no champion
    with pytest.raises(InputError, match="has no candidate"):
        registry.find("candidate", "small")
    registry.promote(two.id, "Better.", "test")
    assert registry.find("champion", "small") == two


def test_a_promotion_is_written_down_and_clears_the_candidate(registry: Registry, tmp_path: Path) -> None:
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    registry.set_candidate(version.id, "Trained tonight.", "retrain")
    assert registry.candidate("small") == version
    registry.promote(version.id, "It is better.", "retrain")
    assert registry.champion("small") == version
    assert registry.candidate("small") is None
    (change,) = registry.history("small")
    assert (change.kind, change.before, change.after) == ("promoted", None, version.id)
    assert (change.why, change.by, change.revision) == ("It is better.", "retrain", 1)
    registry.promote(version.id, "Once more.", "retrain")
    assert len(registry.history("small")) == 1
    kinds = [change.kind for change in registry.history("small", "candidate")]
    assert kinds == ["set", "cleared"]


def test_a_candidate_can_be_dropped(registry: Registry, tmp_path: Path) -> None:
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    registry.clear_candidate("small", "Nothing there.", "test")
    registry.set_candidate(version.id, "Trained.", "test")
    registry.clear_candidate("small", "Refused.", "test")
    assert registry.candidate("small") is None
    assert registry.standing("small", "candidate").revision == 2


def test_grades_have_champions_of_their_own(registry: Registry, tmp_path: Path) -> None:
    small = registry.add(model_folder(tmp_path / "small", "one"), "trained")
    large = registry.add(model_folder(tmp_path / "large", "one", grade="large"), "trained")
    registry.promote(small.id, "Good.", "test")
    registry.promote(large.id, "Good.", "test")
    assert registry.champion("small") == small
    assert registry.champion("large") == large


def test_the_first_promotion_puts_the_shipped_model_on_record_before_it(registry: Registry, tmp_path: Path) -> None:
    model_folder(tmp_path / "shipped" / "small", "shipped")
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    registry.promote(version.id, "Better.", "test")
    shipped = registry.rollback("small", "Worse after all.", "test")
    assert shipped.origin == "imported"
    assert registry.champion("small") == shipped != version
    with pytest.raises(InputError, match="its first champion"):
        registry.rollback("small", "Further.", "test")


def test_a_damaged_shipped_model_does_not_stand_in_the_way(registry: Registry, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "shipped" / "small", "shipped")
    (folder / "model.bin").unlink()
    version = registry.add(model_folder(tmp_path / "built", "one"), "trained")
    registry.promote(version.id, "Better.", "test")
    assert registry.champion("small") == version


def test_a_grade_without_a_champion_cannot_be_rolled_back(registry: Registry) -> None:
    with pytest.raises(InputError, match="never had a champion"):
        registry.rollback("small", "Back.", "test")


def test_a_promotion_that_was_judged_against_another_champion_is_refused_whole(
    registry: Registry, database: Database, tmp_path: Path
) -> None:
    one, two, three = (registry.add(model_folder(tmp_path / name, name), "trained") for name in ("1", "2", "3"))
    registry.promote(one.id, "First.", "test", over="")
    judgement = Judgement(
        grade="small", candidate=two.id, champion=one.id, at=NOON, verdict="promoted", reason="better"
    )
    registry.promote(three.id, "In between.", "someone")
    with pytest.raises(StoreError, match="changed by another") as caught:
        registry.promote(two.id, "Better than one.", "retrain", over=one.id, judgement=judgement)
    assert caught.value.retryable
    assert registry.champion("small") == three
    with database.read() as connection:
        assert models.read_judgements(connection) == []
    registry.promote(two.id, "Better than three.", "retrain", over=three.id, judgement=judgement)
    with database.read() as connection:
        assert models.read_judgements(connection, candidate=two.id) == [judgement]


def test_promotions_at_the_same_time_happen_one_after_the_other(tmp_path: Path, database: Database) -> None:
    setting_up = registry_at(tmp_path, database)
    ids = [setting_up.add(model_folder(tmp_path / name, name), "trained").id for name in "abcdefgh"]
    start, faults = Barrier(len(ids)), list[BaseException]()

    def promote(version_id: str) -> None:
        mine = registry_at(tmp_path, database)
        start.wait(20)
        try:
            mine.promote(version_id, "At once.", version_id)
        except MonitorError as error:
            faults.append(error)

    threads = [Thread(target=promote, args=(version_id,)) for version_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    history = setting_up.history("small")
    assert sorted(change.after or "" for change in history) == sorted(ids)
    assert [change.before for change in history] == [None, *(change.after for change in history[:-1])]
    assert [change.revision for change in history] == list(range(1, 9))


def test_fetches_at_the_same_time_end_with_one_whole_folder(tmp_path: Path, database: Database) -> None:
    version = registry_at(tmp_path, database).add(model_folder(tmp_path / "built", "one"), "trained")
    damaged = model_folder(tmp_path / "cache" / version.id, "something else")
    start, fetched = Barrier(6), list[Path]()

    def fetch() -> None:
        mine = registry_at(tmp_path, database)
        start.wait(20)
        fetched.append(mine.fetch(version.id))

    threads = [Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert fetched == [damaged] * 6
    assert (damaged / "model.bin").read_text() == "model.bin of one"
    assert [path.name for path in damaged.parent.iterdir()] == [version.id]


@given(st.lists(st.sampled_from(["a", "b", "c", "rollback"]), max_size=14))
@settings(max_examples=25, deadline=None)
def test_rollbacks_walk_back_through_what_was_promoted(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place, Database.open(f"sqlite:///{place}/monitor.db") as database:
        folder = Path(place)
        registry = registry_at(folder, database)
        ids = {name: registry.add(model_folder(folder / name, name), "trained").id for name in "abc"}
        stack: list[str] = []
        for step in steps:
            if step != "rollback":
                registry.promote(ids[step], "Better.", "test")
                if stack[-1:] != [step]:
                    stack.append(step)
            elif len(stack) < 2:
                with pytest.raises(InputError):
                    registry.rollback("small", "Worse.", "test")
            else:
                stack.pop()
                assert registry.rollback("small", "Worse.", "test").id == ids[stack[-1]]
            champion = registry.champion("small")
            assert (champion and champion.id) == (ids[stack[-1]] if stack else None)
        assert registry.standing("small").revision == len(registry.history("small"))


def test_the_registry_needs_no_training_libraries() -> None:
    program = """
import sys
import monitor.learning.versions.registry, monitor.learning.data.label_statistics, monitor.learning.data.label_files
import monitor.learning.versions.comparison
print([name for name in ("torch", "transformers", "nncf", "openvino") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
