"""Places that a run would spoil, or that would spoil it, are refused before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.learning.training.places import require_places

PAPERS = "manifest.json"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, an old model and a cut run lie here."""
    (tmp_path / "file").touch()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / PAPERS).touch()
    (tmp_path / "cut" / "epoch-0002").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("out", "run", "resume", "complaint"),
    [
        ("file", None, False, "is no model's folder"),
        ("file/out", None, False, "is no folder"),
        ("file/a/b", None, False, "is no folder"),
        ("..", None, False, "is no model's folder"),
        ("model/..", None, False, "is no model's folder"),
        ("out", "out", False, "lies where --out is replaced"),
        ("model", "model/run", False, "lies where --out is replaced"),
        ("out", "./new/../out/a/b", False, "lies where --out is replaced"),
        ("new/weights", "new", False, "lies where --out is replaced"),
        ("out", None, True, "--resume needs the folder"),
        ("out", "new", True, "keeps no run to go on with"),
        ("out", "cut", False, "keeps a run of 2 epochs"),
        ("out", "file", False, "file is no folder"),
        ("out", "file/run", False, "file is no folder"),
        ("out", "file/a/b", True, "file is no folder"),
    ],
)
def test_a_place_that_does_not_do_is_refused(out: str, run: str | None, resume: bool, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        require_places(Path(out), PAPERS, "model", Path(run) if run else None, resume=resume)
    assert caught.value.remedy


def test_a_model_is_not_made_where_one_stands(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "model")
    with pytest.raises(InputError, match="cannot be replaced"):
        require_places(Path(), PAPERS, "model")


@pytest.mark.parametrize(
    ("out", "run", "resume"),
    [("new/out", None, False), ("model", "new", False), ("cut/out", "cut", True), ("model2", "model/run", False)],
)
def test_other_places_are_left_as_they_are(here: Path, out: str, run: str | None, resume: bool) -> None:
    before = sorted(here.rglob("*"))
    require_places(Path(out), PAPERS, "model", Path(run) if run else None, resume=resume)
    assert sorted(here.rglob("*")) == before
