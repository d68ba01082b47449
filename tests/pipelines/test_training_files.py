"""What `monitor train` takes of the files it is given."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.learning.data.corpus import Columns
from monitor.learning.data.label_files import EXPORTED
from monitor.learning.data.replaying import is_held_out
from pipelines.training_files import LabelledFiles, read_split

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WORDS = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "willow")
TEXTS = [f"{one} {other} {first} {second}" for one, first in zip(WORDS, WORDS[3:], strict=False) for other in WORDS[:9]
         for second in WORDS[5:9] if len({one, other, first, second}) == 4]  # fmt: skip
TEXTS = [f"{text} {place}" for place, text in enumerate(TEXTS)]


def _export(path: Path, **changes: str) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, EXPORTED)
        writer.writeheader()
        for place, text in enumerate(TEXTS):
            row = {"text": text, "task": "sentiment", "label": ("negative", "positive")[place % 2], "author": "ann"}
            made = NOON - timedelta(hours=place)
            writer.writerow(row | {"source": "analyst", "created_at": made.isoformat()} | changes)
    return path


def _plain(path: Path) -> Path:
    rows = "".join(f"{text},{('negative', 'positive')[place % 2]}\n" for place, text in enumerate(TEXTS))
    path.write_text("text,label\n" + rows, encoding="utf-8")
    return path


def _files(*paths: Path) -> LabelledFiles:
    return LabelledFiles(data=paths, columns=Columns(text="text", sentiment="label"), share=0.2)


def test_of_an_export_the_texts_that_judge_are_left_out_and_the_newest_label_is_kept_in_mind(tmp_path: Path) -> None:
    told = list[str]()
    split = read_split(_files(_export(tmp_path / "all.csv")), 1, told.append)
    texts = {example.text for example in (*split.training, *split.validation)}
    assert texts
    assert not [text for text in texts if is_held_out(text)]
    assert split.labels_until == NOON
    (said,) = [line for line in told if "judge" in line]
    assert said.startswith(f"{len(TEXTS) - len(texts):,} texts are left out")


def test_any_other_file_is_taken_whole(tmp_path: Path) -> None:
    split = read_split(_files(_plain(tmp_path / "mine.csv")), 1, lambda _: None)
    assert len(split.training) + len(split.validation) == len(TEXTS)
    assert split.labels_until is None


def test_an_export_with_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    for written in ("yesterday", "2026-05-01T12:00:00"):
        with pytest.raises(InputError, match=r"all\.csv, row 1: created_at"):
            read_split(_files(_export(tmp_path / "all.csv", created_at=written)), 1, lambda _: None)
