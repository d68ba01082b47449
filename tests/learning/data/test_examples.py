"""Labelled files: what is read, and what the reader of an error learns."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from monitor.classify.labels import Labels, Task
from monitor.errors import InputError
from monitor.learning.data.examples import (
    Example,
    LabelledMention,
    fingerprint,
    parse_label_map,
    read_examples,
    without_repeats,
)

MAP = {"0": "negative", "1": "positive", "2": "neutral"}
ROWS = [("Shares fall &amp; fall", 0), ("Profit rises, twice", 1), ("Board meets", 2)]
READ = [
    Example("Shares fall & fall", sentiment=0),
    Example("Profit rises, twice", sentiment=2),
    Example("Board meets", sentiment=1),
]


def _read(path: Path, task: Task = "sentiment", label_map: dict[str, str] | None = None) -> list[Example]:
    chosen = MAP if label_map is None else label_map
    return read_examples(path, text_column="text", label_column="label", task=task, label_map=chosen, labels=Labels())


def _csv(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "set.csv"
    path.write_text(content, encoding="utf-8")
    return path


def test_csv_jsonl_parquet_and_gzip_read_alike(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["text", "label"])
    frame.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    (tmp_path / "c.jsonl").write_text("\n".join(json.dumps({"text": text, "label": label}) for text, label in ROWS))
    frame.to_parquet(tmp_path / "d.parquet")
    for name in ("a.csv", "b.csv.gz", "c.jsonl", "d.parquet"):
        assert _read(tmp_path / name) == READ, name


def test_without_a_map_the_file_holds_the_names(tmp_path: Path) -> None:
    assert _read(_csv(tmp_path, "text,label\nOil falls,Energy | Oil\n"), "topic", {}) == [Example("Oil falls", topic=6)]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("words,label\na,0\n", "no column 'text'.*words"),
        ("text,label\na,0\nb,7\n", "row 2: label '7' is not in the label map.*0, 1, 2"),
        ("text,label\na,0\n   ,1\n", "row 2: the text is empty"),
        ("text,label\na,0\nb\n", "row 2: it has 1 columns where the header has 2"),
        ('text,label\n"a,0\nb,0\n', "row 1: .*a quote is opened"),
        ("text,label\n", "no rows"),
        ("", "it is empty"),
        ("text,label,text\na,0,b\n", "column 'text' is there twice"),
        ('text,label\na,0\n"b,0\nc,0\n', "row 2: .*a quote is opened.*Mend the quoting"),
    ],
)
def test_a_bad_csv_is_refused_by_file_and_row(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(InputError, match=f"(?s)set.csv.*{complaint}") as caught:
        _read(_csv(tmp_path, content))
    assert caught.value.remedy


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_bytes("text,label\nprofit \xe9lev\xe9,0\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        _read(tmp_path / "set.csv")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("{oops", "not a JSON object"), ("[1]", "not a JSON object"), ('{"text": "a"}', "no column 'label'")],
)
def test_a_bad_json_line_is_refused_by_row(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"text": "a", "label": 0}\n' + line + "\n")
    with pytest.raises(InputError, match=f"row 2.*{complaint}"):
        _read(path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="not a whole parquet file"):
        _read(tmp_path / "set.parquet")


def test_missing_files_and_unknown_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        _read(tmp_path / "none.csv")
    (tmp_path / "set.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match="unknown format"):
        _read(tmp_path / "set.xlsx")


def test_a_map_to_an_unknown_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sentiment label 'bad'"):
        _read(_csv(tmp_path, "text,label\na,0\n"), label_map={"0": "bad"})


def test_label_maps_are_read_as_typed() -> None:
    assert parse_label_map("0=negative, 1=M&A | Investments") == {"0": "negative", "1": "M&A | Investments"}
    for wrong in ("0", "0=", "=a", "0=a,0=b", ""):
        with pytest.raises(InputError):
            parse_label_map(wrong)


def test_repeats_become_one_example_with_the_majority_label() -> None:
    examples = [
        Example("Oil falls 3%!", topic=6),
        Example("oil falls 3%", topic=14),
        Example("OIL FALLS 3%", topic=14),
        Example("Oil falls 3%", sentiment=0),
    ]
    assert without_repeats(examples) == [Example("Oil falls 3%!", topic=14, sentiment=0)]


def test_texts_that_differ_in_a_sign_keep_labels_of_their_own() -> None:
    up, down = Example("TSLA +8% today", sentiment=2), Example("TSLA -8% today", sentiment=0)
    assert without_repeats([up, down, Example("tsla -8% today!", sentiment=0)]) == [up, down]
    assert without_repeats([up, down], ["TSLA -8% today"]) == []  # so near to what judges is too near


def test_mentions_of_repeats_are_joined_where_they_do_not_overlap() -> None:
    text = "Apple beats, Microsoft misses, Apple rises"
    examples = [
        Example(text, mentions=(LabelledMention(0, 5, 2),)),
        Example(text, mentions=(LabelledMention(0, 5, 0), LabelledMention(13, 22, 0))),
        Example(text.upper() + "!", mentions=(LabelledMention(31, 36, 2), LabelledMention(0, 5, 1))),
        Example("Apple beats Microsoft misses; Apple rises", mentions=(LabelledMention(0, 10, 1),)),
    ]
    found = (LabelledMention(0, 5, 2), LabelledMention(13, 22, 0), LabelledMention(31, 36, 2))
    assert without_repeats(examples) == [Example(text, mentions=found)]
    whole = Example(text, mentions=found[:2], tagged=True)
    assert without_repeats([examples[0], whole]) == [whole]


def test_held_out_texts_are_dropped_whatever_their_links_and_case() -> None:
    examples = [Example("Oil falls", topic=6), Example("Gold rises", topic=10)]
    assert without_repeats(examples, ["OIL falls. https://example.com/x"]) == [Example("Gold rises", topic=10)]


def test_the_fingerprint_sees_every_change_but_the_order() -> None:
    one, other = Example("a", topic=1), Example("b", topic=2)
    assert fingerprint([one, other]) == fingerprint([other, one])
    assert fingerprint([one]) != fingerprint([Example("a", topic=2)])
    assert fingerprint([one]) != fingerprint([Example("a", sentiment=1)])
