"""Which column holds what, where the user does not say."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.errors import InputError
from monitor.ingest.sources.columns import column_names, guessed_columns


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_usual_names_are_guessed_and_given_ones_taken(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"id,headline,summary,created_at,publisher,link,other\n")
    columns = guessed_columns(path, "csv", id_="other")
    assert (columns.text, columns.body, columns.time) == ("headline", "summary", "created_at")
    assert (columns.source, columns.url, columns.id, columns.seen) == ("publisher", "link", "other", "")


def test_the_headline_does_not_serve_as_the_body_too(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"summary,time\n")
    columns = guessed_columns(path, "csv", text="summary")
    assert (columns.text, columns.body) == ("summary", "")


def test_a_column_that_is_not_there_is_an_error_that_names_the_option_and_what_there_is(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"title,x\n")
    with pytest.raises(InputError, match=r"no column 'when' \(--time-column\). Its columns are: title, x"):
        guessed_columns(path, "csv", time="when")
    with pytest.raises(InputError, match="Give --text-column; the columns are: a, b"):
        guessed_columns(written(tmp_path, "b.csv", b"a,b\n"), "csv")


def test_names_are_those_that_readers_see(tmp_path: Path) -> None:
    assert column_names(written(tmp_path, "a.csv", b'\xef\xbb\xbf"ti\ntle",x\r\n1,2\r\n'), "csv") == ["ti\ntle", "x"]
    assert column_names(written(tmp_path, "a.csv.gz", gzip.compress(b"title,x\n", mtime=0)), "csv") == ["title", "x"]
    assert column_names(written(tmp_path, "a.jsonl", b'{"a": 1}\n[]\n{"b": 1, "a": 2}\n'), "jsonl") == ["a", "b"]
    pq.write_table(pa.table({"title": ["x"], "n": [1]}), tmp_path / "a.parquet")
    assert column_names(tmp_path / "a.parquet", "parquet") == ["title", "n"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""), ("a.jsonl", b""), ("a.parquet", b""), ("a.csv.gz", b"title\n"), ("a.csv", b"\xff\n"),
        ("a.csv.gz", gzip.compress(b"title\n", mtime=0)[:-12]),
    ],
)  # fmt: skip
def test_a_file_without_columns_is_an_error_that_names_it(tmp_path: Path, name: str, content: bytes) -> None:
    path = written(tmp_path, name, content)
    kind = name.split(".")[1]
    with pytest.raises(InputError) as caught:
        column_names(path, "csv" if kind == "csv" else "jsonl" if kind == "jsonl" else "parquet")
    assert str(path) in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        column_names(tmp_path / "none", "csv")
