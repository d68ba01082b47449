"""Base weights come from where they are, and only the pinned ones."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from monitor.classify.manifest import file_sha256
from monitor.errors import ModelError
from monitor.learning.network.bases import MINILM, NEEDED, WEIGHTS, Base, base_folder, base_named


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of a base that is none."""
    made = tmp_path / "made"
    made.mkdir()
    for name in NEEDED:
        (made / name).write_text(f"the {name}")
    return made


def _base(folder: Path, packages: tuple[str, ...] = ()) -> Base:
    return Base("tiny", "nobody/tiny", file_sha256(folder / WEIGHTS), 0, packages)


def _install(site: Path, name: str, files: dict[str, bytes]) -> None:
    """Lay a distribution into a folder, as an installer does."""
    papers = site / f"{name.replace('-', '_')}-1.0.dist-info"
    papers.mkdir(parents=True)
    (papers / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    (papers / "RECORD").write_text("".join(f"{path},,\n" for path in files))


def test_the_installed_base_is_the_pinned_one() -> None:
    assert (base_folder(MINILM) / WEIGHTS).is_file()


def test_a_local_folder_is_taken_when_its_weights_are_the_pinned_ones(folder: Path) -> None:
    assert base_folder(_base(folder), folder) == folder


def test_other_weights_are_refused(folder: Path) -> None:
    base = _base(folder)
    (folder / WEIGHTS).write_text("other weights")
    with pytest.raises(ModelError, match="sha256"):
        base_folder(base, folder)


def test_a_folder_without_words_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        base_folder(_base(folder), folder)


def test_a_base_that_came_in_parts_is_put_together_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for name in NEEDED:
            archive.write(folder / name, f"tiny/{name}")
        archive.writestr("tiny/1_Pooling/config.json", "not this one")
    content, site = whole.read_bytes(), tmp_path / "site"
    for number in (1, 2, 3):
        part = content[(number - 1) * len(content) // 3 : number * len(content) // 3]
        _install(site, f"tiny-part-{number}", {f"tiny-part_{number}/tiny.zip.00{number}": part})
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    base = _base(folder, tuple(f"tiny-part-{number}" for number in (1, 2, 3)))
    found = base_folder(base)
    assert [(found / name).read_text() for name in NEEDED] == [f"the {name}" for name in NEEDED]
    assert base_folder(base) == found
    assert [path.name for path in found.parent.iterdir()] == ["tiny"]


def test_a_base_that_is_nowhere_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="absent-package"):
        base_folder(Base("absent", "nobody/absent", "0" * 64, 0, ("absent-package",)))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="all-mpnet-base-v2"):
        base_named("bert-huge")
