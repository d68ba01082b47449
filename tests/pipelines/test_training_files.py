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
NOW = NOON + timedelta(hours=1)
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


def _files(*paths: Path, validation: tuple[Path, ...] = ()) -> LabelledFiles:
    columns = Columns(text="text", sentiment="label")
    return LabelledFiles(data=paths, columns=columns, validation=validation, share=0.2)


def test_of_an_export_the_texts_that_judge_are_left_out_and_the_newest_label_is_kept_in_mind(tmp_path: Path) -> None:
    told = list[str]()
    split = read_split(_files(_export(tmp_path / "all.csv")), 1, told.append, NOW)
    texts = {example.text for example in (*split.training, *split.validation)}
    assert texts
    assert not [text for text in texts if is_held_out(text)]
    assert split.labels_until == NOON
    (said,) = [line for line in told if "judge" in line]
    assert said.startswith(f"{len(TEXTS) - len(texts):,} texts are left out")


def test_any_other_file_is_taken_whole(tmp_path: Path) -> None:
    split = read_split(_files(_plain(tmp_path / "mine.csv")), 1, lambda _: None, NOW)
    assert len(split.training) + len(split.validation) == len(TEXTS)
    assert split.labels_until is None


def test_an_export_with_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    for written in ("yesterday", "2026-05-01T12:00:00", "2026-05-01T13:06:00Z"):
        with pytest.raises(InputError, match=r"all\.csv, row 1: created_at"):
            read_split(_files(_export(tmp_path / "all.csv", created_at=written)), 1, lambda _: None, NOW)


def test_of_an_export_of_several_tasks_the_labels_of_those_that_are_asked_for_train(tmp_path: Path) -> None:
    path = _export(tmp_path / "all.csv")
    row = dict.fromkeys(EXPORTED, "") | {"text": TEXTS[0], "source": "analyst", "author": "ann"}
    row["created_at"] = (NOON + timedelta(minutes=1)).isoformat()
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, EXPORTED).writerow(row | {"task": "topic", "label": "Currencies"})
        csv.DictWriter(file, EXPORTED).writerow(row | {"task": "entity", "entity": "alder", "label": "neutral"})
    told = list[str]()
    split = read_split(_files(path), 1, told.append, NOW)
    assert any("2 rows of exports are labels of other tasks" in line for line in told)
    assert split.labels_until == NOON
    assert all(example.topic is None and not example.mentions for example in (*split.training, *split.validation))
    both = LabelledFiles(data=(path,), columns=Columns(text="text", topic="label", sentiment="label"), share=0.2)
    with pytest.raises(InputError, match="topic on have"):  # it is read, and is too little to learn a topic from
        read_split(both, 1, lambda _: None, NOW)


def test_an_export_of_other_tasks_alone_is_refused_in_so_many_words(tmp_path: Path) -> None:
    path = _export(tmp_path / "all.csv", task="topic", label="Currencies")
    with pytest.raises(InputError, match=r"all\.csv: .* no label of the task sentiment"):
        read_split(_files(path), 1, lambda _: None, NOW)


def test_an_export_that_validates_is_taken_like_one_that_trains(tmp_path: Path) -> None:
    told = list[str]()
    mine = tmp_path / "mine.csv"
    mine.write_text(
        "text,label\n" + "".join(f"Story {n} of its own,{('negative', 'positive')[n % 2]}\n" for n in range(9))
    )
    split = read_split(_files(mine, validation=(_export(tmp_path / "all.csv"),)), 1, told.append, NOW)
    assert split.labels_until == NOON
    assert split.validation
    assert not [example for example in split.validation if is_held_out(example.text)]
    assert any("judge" in line for line in told)
    with pytest.raises(InputError, match=r"all\.csv, row 1: created_at lies in the future"):
        read_split(
            _files(mine, validation=(_export(tmp_path / "all.csv", created_at="2062-05-01T12:00:00Z"),)),
            1,
            lambda _: None,
            NOW,
        )
