"""Labels leave the store in files and come back as the labels they were."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.classify.labels import Labels
from monitor.errors import InputError
from monitor.learning.data.label import Label, agree
from monitor.learning.data.label_files import EXPORTED, LabelFile, LabelsImported, export_labels, import_labels
from monitor.store import labels as stored
from monitor.store.database import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LABELS = Labels()
ROW = dict.fromkeys(EXPORTED, "") | {
    "text": "Oil falls",
    "task": "sentiment",
    "label": "negative",
    "source": "analyst",
    "author": "ann",
    "created_at": "2026-05-01T12:00:00Z",
}


def _label(said: str = "negative", author: str = "ann", **changes: Any) -> Label:
    fields: dict[str, Any] = {
        "text": "Oil falls",
        "task": "sentiment",
        "label": said,
        "author": author,
        "created_at": NOON,
    }
    return Label(**fields | changes)


GIVEN = [
    _label(created_at=NOON + HOUR, article_id="a1", model_said="neutral", model_version="fast-1"),
    _label("positive", 'ben, of "sales"'),
    _label(author="cid", source="import"),
    _label("Energy | Oil", task="topic"),
    _label("positive", text="Shell sues BP, Größe 3,5 %", task="entity", entity="BP"),
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path}/one.db") as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path}/other.db") as opened:
        yield opened


def _write(database: Database, *labels: Label) -> None:
    with database.write() as connection:
        stored.write_labels(connection, labels)


def _read(database: Database) -> list[Label]:
    with database.read() as connection:
        return list(stored.read_labels(connection))


def _import(database: Database, path: Path, **options: Any) -> LabelsImported:
    return import_labels(database, LabelFile(path=path, **options), LABELS, NOON + 9 * HOUR)


def _csv(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", ["all.csv", "all.jsonl"])
def test_exported_labels_come_back_as_they_were(database: Database, other: Database, tmp_path: Path, name: str) -> None:
    _write(database, *GIVEN)
    assert export_labels(database, tmp_path / name) == 5
    assert _import(other, tmp_path / name).added == 5
    assert _read(other) == _read(database)
    again = _import(database, tmp_path / name)
    assert (again.added, again.corrected, again.unchanged) == (0, 0, 5)


def test_an_export_that_is_read_by_its_columns_keeps_its_authors_too(database: Database, tmp_path: Path) -> None:
    _write(database, _label(), _label("positive", "ben"), _label("positive", "cid"), _label("neutral", "dan"))
    before = list(agree(_read(database)))
    export_labels(database, tmp_path / "all.csv", "sentiment")
    _import(database, tmp_path / "all.csv", text_column="text", label_column="label", task="sentiment")
    assert list(agree(_read(database))) == before


def test_an_old_export_takes_no_correction_back(database: Database, tmp_path: Path) -> None:
    _write(database, _label())
    export_labels(database, tmp_path / "all.csv")
    _write(database, _label("positive", created_at=NOON + HOUR))
    assert _import(database, tmp_path / "all.csv").unchanged == 1
    assert [label.label for label in _read(database)] == ["positive"]


def test_an_author_who_is_named_gives_all_labels_of_an_export(database: Database, tmp_path: Path) -> None:
    _import(database, _csv(tmp_path / "a.csv", ROW, ROW | {"text": "Oil rises", "author": "ben"}), author="cid")
    assert {label.author for label in _read(database)} == {"cid"}


def test_other_columns_of_an_export_are_labels_of_whoever_reads_them(database: Database, tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", ROW | {"model_said": "neutral"})
    _import(database, path, text_column="text", label_column="model_said", task="sentiment", author="the model")
    assert _read(database) == [_label("neutral", "the model", source="import", created_at=NOON + 9 * HOUR)]


def test_what_was_edited_in_an_export_is_read_as_the_model_reads_it(database: Database, tmp_path: Path) -> None:
    row = ROW | {"text": "<b>Shell</b> sues  BP", "task": "entity", "entity": "BP&nbsp;", "author": " ann "}
    row["created_at"] = "2026-05-01T14:00:00+02:00"
    _import(database, _csv(tmp_path / "a.csv", row))
    assert _read(database) == [_label(text="Shell sues BP", task="entity", entity="BP")]


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({"task": "mood"}, {}, "Invalid enum value 'mood'"),
        ({"source": "rumour"}, {}, "Invalid enum value 'rumour'"),
        ({"created_at": "yesterday"}, {}, "Invalid RFC3339"),
        ({"created_at": "2026-05-01T12:00:00"}, {}, "created_at has no time zone"),
        ({"created_at": "2062-05-01T12:00:00Z"}, {}, "created_at lies in the future"),
        ({"label": "Weather"}, {}, "there is no sentiment label 'Weather'"),
        ({"task": "entity"}, {}, "the entity is empty"),
        ({"entity": "Oil"}, {}, "the task sentiment knows no entity"),
        ({"author": " "}, {}, "the author's name is empty"),
        ({"text": " "}, {}, "the text is empty"),
        ({}, {"task": "topic"}, "its task is sentiment, not topic"),
    ],
)
def test_a_row_of_an_export_that_cannot_be_a_label_is_named_and_nothing_is_read(
    database: Database, tmp_path: Path, changes: dict[str, str], options: dict[str, Any], said: str
) -> None:
    path = _csv(tmp_path / "a.csv", ROW, ROW | {"text": "Oil rises"} | changes)
    where = "row 1" if options else "row 2"
    with pytest.raises(InputError, match=f"a.csv, {where}: {said}") as caught:
        _import(database, path, **options)
    assert caught.value.remedy
    assert _read(database) == []


@pytest.mark.parametrize("content", [None, "said,what\n0,Oil falls\n", ",".join(EXPORTED) + "\n"])
def test_columns_need_no_names_in_an_export_alone(database: Database, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.csv: it holds no labels as an export writes them") as caught:
        _import(database, tmp_path / "a.csv")
    assert "--label-column" in caught.value.remedy
