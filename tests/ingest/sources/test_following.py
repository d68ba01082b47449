"""Following a file as it grows gives what reading it whole gives."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.ingest.items import ColumnMap
from monitor.ingest.sources.files import FileFormat, read_items
from monitor.ingest.sources.following import AT_ONCE_BYTES, Followed, fetch_new

COLUMNS = ColumnMap()
ROWS: dict[FileFormat, list[bytes]] = {
    "csv": [
        b"one,a\n", b'"two, ""quoted""",a\r\n', b'"three\nlines\nlong",a\n', b'5" four,a\n', b"\n", b"bad\n",
        b"\xff,a\n", "ünf,ä\n".encode(), b"car\rriage,a\n", b'"open,a\n', b"\x00,a\n",
    ],
    "jsonl": [
        b'{"title": "one"}\n', b'{"title": "two\\n"}\r\n', b"\n", b"  \n", b"[]\n", b"\xff\n", b'{"title": \n',
        b"\x00\n", '{"title": "ünf"}\n'.encode(),
    ],
}  # fmt: skip
HEADERS: dict[FileFormat, list[bytes]] = {
    "csv": [b"title,source\n", b'\xef\xbb\xbf"title","source"\r\n'],
    "jsonl": [b'{"title": "first"}\n', b'\xef\xbb\xbf{"title": "first"}\n'],
}
Told = list[tuple[object, str]]


@st.composite
def contents(draw: st.DrawFn) -> tuple[FileFormat, bytes]:
    form = draw(st.sampled_from(list(ROWS)))
    rows = draw(st.lists(st.sampled_from(ROWS[form]), max_size=8))
    return form, draw(st.sampled_from(HEADERS[form])) + b"".join(rows)


def told(followed: list[Followed]) -> Told:
    return [(one.item.fields, one.item.fault) for one in followed if one.item is not None]


def follow(path: Path, form: FileFormat, cursor: int) -> tuple[list[Followed], int]:
    found = list(fetch_new(path, form, COLUMNS, cursor))
    return found, found[-1].cursor if found else cursor


@given(contents(), st.lists(st.integers(0, 200), max_size=6), st.booleans())
def test_a_file_that_grows_gives_the_same_items_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, content: tuple[FileFormat, bytes], cuts: list[int], byte_by_byte: bool
) -> None:
    form, whole = content
    path = tmp_path_factory.mktemp("grow") / f"a.{form}"
    path.write_bytes(whole)
    ended, _ = follow(path, form, 0)
    seen: list[Followed] = []
    cursor = 0
    for cut in range(len(whole) + 1) if byte_by_byte else [*sorted(cuts), len(whole)]:
        path.write_bytes(whole[:cut])
        found, cursor = follow(path, form, cursor)
        seen += found
    assert seen == ended
    read = [(item.fields, item.fault) for item in read_items(path, form, COLUMNS)]
    assert told(seen) == read[: len(seen)]
    # A quote that is not closed yet: a follower waits, as the field may go on, where a reader of the whole gives up.
    waiting = read[len(seen) :]
    assert bool(waiting) <= (b'"open' in whole)
    assert all("a quote is opened" in fault for _, fault in waiting[:1])


@given(contents(), contents(), st.integers(0, 200))
def test_a_file_that_was_cut_short_and_written_anew_is_read_from_its_start(
    tmp_path_factory: pytest.TempPathFactory, old: tuple[FileFormat, bytes], new: tuple[FileFormat, bytes], cut: int
) -> None:
    form, before = old
    after = HEADERS[form][0] + b"".join(ROWS[form][:2]) if form != new[0] else new[1]
    path = tmp_path_factory.mktemp("anew") / f"a.{form}"
    path.write_bytes(before)
    _, cursor = follow(path, form, 0)
    path.write_bytes(after[: min(cut, max(cursor - 1, 0))])
    first, reached = follow(path, form, cursor) if cursor else ([], 0)
    path.write_bytes(after)
    rest, _ = follow(path, form, reached)
    path.with_suffix(".whole").write_bytes(after)
    wanted = list(fetch_new(path.with_suffix(".whole"), form, COLUMNS, 0))
    assert told(first + rest) == told(wanted)


@pytest.mark.parametrize(
    ("header", "row", "count"), [(b"title,source", b"story %d,a", 16), (b"title", b"story %d", 64)]
)
def test_rows_after_a_quote_that_nobody_closes_come_though_the_file_may_go_on(
    tmp_path: Path, header: bytes, row: bytes, count: int
) -> None:
    path = tmp_path / "a.csv"
    lines = [header, b'"' + row % 0, *(row % number for number in range(1, count + 1))]
    path.write_bytes(b"\n".join(lines[:-1]) + b"\n")
    waiting, cursor = follow(path, "csv", 0)
    assert waiting == []
    path.write_bytes(b"\n".join(lines) + b"\n")
    first, *rest = told(follow(path, "csv", cursor)[0])
    assert "a quote is opened" in first[1]
    assert [fields and fields["title"] for fields, _ in rest] == [f"story {number}" for number in range(1, count + 1)]  # type: ignore[index]


def test_rows_after_a_quote_that_nobody_closes_come_once_the_file_has_stood_still(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'title,source\none,a\n"two,b\nthree,c\nfour,d\n')
    assert [fault for _, fault in told(follow(path, "csv", 0)[0])] == [""]
    still = told(list(fetch_new(path, "csv", COLUMNS, 0, stands_still=True)))
    assert [fields and fields["title"] for fields, _ in still] == ["one", None, "three", "four"]  # type: ignore[index]
    assert "a quote is opened" in still[1][1]
    assert still == [(item.fields, item.fault) for item in read_items(path, "csv", COLUMNS)]


def test_a_text_of_several_lines_that_is_half_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = b"\n".join(b"Line %d, of a report\n\nwith paragraphs" % number for number in range(500))
    whole = b'title,source\n"' + text + b'",a\n'
    for cut in range(20, len(whole), 997):
        path.write_bytes(whole[:cut])
        assert follow(path, "csv", 0) == ([], 0)
    path.write_bytes(whole)
    assert told(follow(path, "csv", 0)[0]) == [({"title": text.decode(), "source": "a"}, "")]


def test_the_last_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content, count in (
        (b"title", 0),
        (b"title,source\n", 0),
        (b"title,source\none,a", 0),
        (b"title,source\none,a\n", 1),
    ):
        path.write_bytes(content)
        assert len(follow(path, "csv", 0)[0]) == count


def test_positions_are_bytes_so_that_a_redelivery_has_the_same_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"title": "one"}\n\n{"title": "two"}\n')
    found, _ = follow(path, "jsonl", 0)
    places = [(one.item.position, one.cursor) for one in found if one.item is not None]
    assert places == [("a.jsonl@0", 17), ("a.jsonl@18", 35)]
    again, _ = follow(path, "jsonl", 17)
    assert again == found[1:]


def test_a_file_that_is_absent_or_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    forms: dict[str, FileFormat] = {
        "none.csv": "csv",
        "none.jsonl": "jsonl",
        "none.csv.gz": "csv",
        "none.parquet": "parquet",
    }
    for name, form in forms.items():
        with pytest.raises(InputError, match=rf"{name}: .*[Nn]o such file"):
            follow(tmp_path / name, form, 0)
    path = tmp_path / "a.csv"
    path.write_bytes(b"headline,source\n")
    with pytest.raises(InputError, match=r"a\.csv: there is no column 'title'"):
        follow(path, "csv", 0)
    path.write_bytes(b"title,source\n")
    path.chmod(0)
    if not os.access(path, os.R_OK):
        with pytest.raises(InputError, match=r"a\.csv: it cannot be read"):
            follow(path, "csv", 0)


def test_a_long_file_is_taken_in_pieces_even_where_it_is_mostly_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = b'{"title": "' + b"x" * 1_000_000 + b'"}\n'
    path.write_bytes(row * 9 + (b" " * 999 + b"\n") * (AT_ONCE_BYTES // 1000 + 10) + b'{"title": "last"}\n')
    counts, cursor = [], 0
    while True:
        found, cursor = follow(path, "jsonl", cursor)
        if not found:
            break
        counts.append(len(found))
    assert counts == [4, 4, 2]


def test_a_line_that_is_too_long_is_one_fault_once_it_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    head, long = b"title,source\n", b"x" * 5_000_000
    path.write_bytes(head + long)
    assert follow(path, "csv", 0)[0] == []
    path.write_bytes(head + long + b"\nnext,a\n")
    found, cursor = follow(path, "csv", 0)
    rest, _ = follow(path, "csv", cursor)
    assert [fault for _, fault in told(found + rest)] == ["the line is longer than 4,000,000 bytes", ""]


def test_a_compressed_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"title": "one"}\n{"title": "two"}\n'))
    found, cursor = follow(path, "jsonl", 0)
    assert [one.item.position for one in found if one.item is not None] == ["a.jsonl.gz#1", "a.jsonl.gz#2"]
    assert follow(path, "jsonl", cursor) == ([], cursor)
    assert follow(path, "jsonl", 1)[0] == found[1:]


@pytest.mark.parametrize(
    ("name", "content", "seen"),
    [
        ("a.jsonl", b'{"title": "one"}\n{"title": "two"}', ["", ""]),
        ("a.jsonl", b'{"title": "one"}\n{"title": "tw', [""]),
        (
            "a.jsonl",
            b'[{"title": "one"}, {"title": "two"}]',
            ["it is not a JSON object (Expected `object`, got `array`)"],
        ),
        ("a.csv", b"title,source\none,a\ntwo,b", ["", ""]),
        ("a.csv", b"title,source\none,a\ntwo", [""]),
    ],
)
def test_a_last_line_without_an_end_counts_once_the_file_has_stood_still_and_it_can_be_whole(
    tmp_path: Path, name: str, content: bytes, seen: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    form: FileFormat = "csv" if name == "a.csv" else "jsonl"
    still = list(fetch_new(path, form, COLUMNS, 0, stands_still=True))
    assert [fault for _, fault in told(still)] == seen
    assert len(follow(path, form, 0)[0]) == content.count(b"\n") - (form == "csv")
    with path.open("ab") as stream:
        stream.write(b'\n{"title": "three"}\n' if form == "jsonl" else b"\nthree,c\n")
    assert told(follow(path, form, still[-1].cursor)[0])[-1][1] == ""
