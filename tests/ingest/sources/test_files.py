"""CSV, JSONL and Parquet files as items: one a row, whatever bytes stand in it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.ingest.items import ColumnMap, Item
from monitor.ingest.sources.files import MAX_LINE_BYTES, FileFormat, file_format, read_items

COLUMNS = ColumnMap()
FIELDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def written(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def items(path: Path, form: FileFormat) -> list[Item]:
    return list(read_items(path, form, COLUMNS))


def titles(path: Path, form: FileFormat) -> list[object]:
    return [item.fields["title"] if item.fields is not None else item.fault for item in items(path, form)]


@given(rows=st.lists(st.tuples(FIELDS, FIELDS), max_size=8))
def test_what_the_csv_module_writes_is_read_back_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("title", "source"), *rows])
    path = written(tmp_path_factory.mktemp("csv"), "a.csv", text.getvalue().encode())
    assert [item.fields for item in items(path, "csv")] == [
        {"title": title, "source": source} for title, source in rows
    ]


@given(lines=st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=8))
def test_every_line_of_any_bytes_is_one_item_of_jsonl(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = written(tmp_path_factory.mktemp("jsonl"), "a.jsonl", b'{"title": "a"}\n' + b"\n".join(lines))
    found = items(path, "jsonl")
    assert len(found) == 1 + sum(bool(line.strip()) for line in lines)
    assert all((item.fields is None) == bool(item.fault) for item in found)


@given(content=st.binary(max_size=200))
def test_no_bytes_at_all_raise_anything_but_an_error_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    formats: list[tuple[str, FileFormat]] = [
        ("a.csv", "csv"), ("a.jsonl", "jsonl"), ("a.parquet", "parquet"), ("a.csv.gz", "csv"), ("a.jsonl.gz", "jsonl")
    ]  # fmt: skip
    for name, form in formats:
        try:
            items(written(folder, name, content), form)
        except InputError as error:
            assert str(folder / name) in str(error)  # noqa: PT017 - most bytes raise, some do not


def test_a_bad_row_of_csv_spoils_itself_alone(tmp_path: Path) -> None:
    rows = [
        b"title,source",
        b"one,a",
        b"bad \xff,b",
        b"too,many,columns",
        b"few",
        b"nul \x00,c",
        b"car\rriage,d",
        b"last,e",
    ]
    found = titles(written(tmp_path, "a.csv", b"\n".join(rows) + b"\n"), "csv")
    assert found[0] == "one"
    assert "not UTF-8" in str(found[1])
    assert found[2:4] == ["it has 3 columns where the header has 2", "it has 1 columns where the header has 2"]
    assert found[4] == "nul \x00"
    assert "not a CSV row" in str(found[5])
    assert found[6:] == ["last"]


def test_the_bytes_of_a_bad_row_are_kept_as_they_came(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b'title,source\r\n"bad ""\xff""",b\r\n')
    assert items(path, "csv")[0].original == b'"bad ""\xff""",b'


def test_a_stray_quote_within_a_field_is_a_character(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b'title,source\n5" screens sell,a\nnext,b\n')
    assert titles(path, "csv") == ['5" screens sell', "next"]


def test_a_quote_that_nobody_closes_spoils_its_own_line_alone(tmp_path: Path) -> None:
    rows = [b"title %d,source" % number for number in range(20_000)]
    rows[10] = b'"open,a'
    found = items(written(tmp_path, "a.csv", b"title,source\n" + b"\n".join(rows) + b"\n"), "csv")
    assert len(found) == 20_000
    (bad,) = [item for item in found if item.fault]
    assert (bad.position, bad.original) == ("a.csv#11", b'"open,a')
    assert "not a CSV row (a quote is opened" in bad.fault


@pytest.mark.parametrize(
    "after",
    [
        b'"open too,a',
        b'"closed",a',
        b'5" screens,a',
        b'He said "no",a',
        b'story,"closed"',
        b'Ore, tin,"a\nb"',
        b"x,a,b",
    ],
)
def test_what_stands_between_two_quotes_that_do_not_belong_together_is_not_lost(tmp_path: Path, after: bytes) -> None:
    between = [b"story %d,a" % number for number in range(50)]
    lines = [b"title,source", b"before,a", b'"open,a', *between, after, b"last,a"]
    told = titles(written(tmp_path, "a.csv", b"\n".join(lines) + b"\n"), "csv")
    assert told[0] == "before"
    assert "a quote is opened" in str(told[1])
    assert told[2:52] == [f"story {number}" for number in range(50)]
    assert told[-1] == "last"
    assert len(told) == 54


def test_lines_that_read_like_rows_stay_in_the_field_that_holds_them(tmp_path: Path) -> None:
    for count in (2, 11_000, 200_000):
        text = b"line, of text\n" * count
        content = b'title,source\nAcme falls,"' + text + b'"\n"Ore ""mill""\nburns",b\nlast,x\n'
        found = items(written(tmp_path, "a.csv", content), "csv")
        assert [item.fields for item in found] == [
            {"title": "Acme falls", "source": text.decode()},
            {"title": 'Ore "mill"\nburns', "source": "b"},
            {"title": "last", "source": "x"},
        ]


def test_a_file_whose_quoting_is_wrong_in_every_row_is_read_in_bounded_time(tmp_path: Path) -> None:
    # Each line opens a field that the next one closes, to open another: the file would be read anew from every line.
    rows = b'Acme","of text","last\n' * 12_000
    told = titles(written(tmp_path, "a.csv", b"title,source\n" + rows + b"last,a\n"), "csv")
    assert len(told) == 12_001
    assert told[-1] == "last"


def test_a_line_longer_than_the_limit_is_one_item_with_a_fault(tmp_path: Path) -> None:
    long = b"x" * (MAX_LINE_BYTES + 1_000_000)
    for name, form, content in (
        ("a.csv", "csv", b"title,source\n" + long + b",a\nnext,b\n"),
        ("a.jsonl", "jsonl", b'{"title": "' + long + b'"}\n{"title": "next"}\n'),
    ):
        found = items(written(tmp_path, name, content), "csv" if form == "csv" else "jsonl")
        assert [item.fault for item in found] == [f"the line is longer than {MAX_LINE_BYTES:,} bytes", ""]
        assert len(found[0].original) == MAX_LINE_BYTES


def test_brackets_nested_by_the_thousand_are_one_item_with_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", b'{"a": ' + b"[" * 100_000 + b'\n{"title": "next"}\n')
    assert [item.fault == "" for item in items(path, "jsonl")] == [False, True]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b'\xef\xbb\xbf"title","source"\r\n"one","a"\r\n\r\ntwo,b'),
        ("a.jsonl", b'\xef\xbb\xbf{"title": "one"}\r\n\r\n{"title": "two"}'),
    ],
)
def test_byte_order_marks_line_ends_of_windows_blank_lines_and_a_missing_last_line_end_are_no_faults(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = written(tmp_path, name, content)
    assert titles(path, file_format(path)) == ["one", "two"]


def test_positions_name_the_file_and_never_repeat(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"title,source\none,a\n\nbad\ntwo,b\n")
    positions = [item.position for item in items(path, "csv")]
    assert positions == ["a.csv#1", "a.csv#3", "a.csv#4"]


def test_only_a_header_is_a_file_without_items(tmp_path: Path) -> None:
    assert items(written(tmp_path, "a.csv", b"title,source\n"), "csv") == []
    pq.write_table(pa.table({"title": pa.array([], pa.string())}), tmp_path / "a.parquet")
    assert items(tmp_path / "a.parquet", "parquet") == []


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.csv", b"", "no column 'title'"),
        ("a.jsonl", b"", "no column 'title'"),
        ("a.csv", b"headline,source\n", "Its columns are: headline, source"),
        ("a.csv", b"title,\xff\n", "header is not UTF-8"),
        ("a.csv", b"ti\rtle,x\n", "header cannot be read"),
        ("a.csv", "title,x\n".encode("utf-16"), "header is not UTF-8"),
        ("a.jsonl", b'{"headline": "x"}\n', "no column 'title'"),
        ("a.parquet", b"PAR1", "not a whole parquet file"),
        ("a.csv.gz", b"title,source\n", "not a whole csv file"),
        (
            "a.csv.gz",
            gzip.compress(b"title,source\n" + bytes(range(48, 58)) * 500, mtime=0)[:-9],
            "not a whole csv file",
        ),
        ("a.jsonl.gz", gzip.compress(b'{"title": "a"}\n', mtime=0)[:12] + b"\xff" * 50, "not a whole jsonl file"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(
    tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(InputError, match=fault) as caught:
        items(path, file_format(path))
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match="no such file"):
            items(path, "csv")


def test_gzipped_files_are_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl.gz", gzip.compress(b'{"title": "one"}\n'))
    assert titles(path, file_format(path)) == ["one"]


def test_a_row_of_parquet_that_python_cannot_hold_spoils_itself_alone(tmp_path: Path) -> None:
    offsets = pa.py_buffer(b"".join(end.to_bytes(4, "little") for end in (0, 3, 5, 8)))
    texts = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"one\xff\xfetwo")])
    years = pa.array([0, 0, 9 * 10**18], pa.timestamp("us"))
    pq.write_table(pa.table({"title": texts, "published": years}), tmp_path / "a.parquet")
    found = titles(tmp_path / "a.parquet", "parquet")
    assert found[0] == "one"
    assert all("it cannot be read" in str(fault) for fault in found[1:])
    assert len(found) == 3


def test_damaged_pages_of_parquet_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"title": ["one", "two"]}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    path = written(tmp_path, "a.parquet", content[:4] + b"\xff" * 20 + content[24:])
    with pytest.raises(InputError, match=r"a\.parquet: it is not a whole parquet file"):
        items(path, "parquet")


def test_the_name_tells_the_format_unless_it_is_given(tmp_path: Path) -> None:
    names = {"a.csv": "csv", "a.CSV.gz": "csv", "a.ndjson": "jsonl", "a.json": "jsonl", "a.parquet": "parquet"}
    assert {name: file_format(Path(name)) for name in names} == names
    assert file_format(tmp_path / "a.txt", "jsonl") == "jsonl"
    with pytest.raises(InputError, match="cannot be told"):
        file_format(tmp_path / "a.txt")


@given(st.lists(st.dictionaries(FIELDS, st.text(max_size=5), max_size=4), max_size=5))
def test_json_objects_are_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    wanted = [{**row, "title": "a"} for row in rows]
    path = written(
        tmp_path_factory.mktemp("objects"), "a.jsonl", "\n".join(['{"title": "a"}', *map(json.dumps, wanted)]).encode()
    )
    assert [item.fields for item in items(path, "jsonl")][1:] == wanted
