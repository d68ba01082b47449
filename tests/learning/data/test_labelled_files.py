"""Labelled files that the settings name, as examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.classify.labels import Labels
from monitor.errors import SettingsError
from monitor.learning.data.examples import Example, LabelledMention
from monitor.learning.data.labelled_files import LabelledFile, read_labelled_files
from monitor.settings import load_settings

LABELS = Labels()
MOODS = {"0": "negative", "1": "neutral", "2": "positive"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _file(name: str, content: str) -> Path:
    Path(name).write_text(content, encoding="utf-8")
    return Path(name)


def test_the_sentiment_toward_an_entity_is_its_mentions_and_not_the_texts() -> None:
    path = _file("toward.csv", "text,label,who\nShell sues BP,0,BP\nShell sues BP,1,shell\nOil falls,0,Total\n")
    file = LabelledFile(path=path, task="entity", entity_column="who", label_map=MOODS)
    assert read_labelled_files([file], LABELS) == [
        Example("Shell sues BP", mentions=(LabelledMention(0, 5, 1), LabelledMention(11, 13, 0)))
    ]


def test_files_of_several_tasks_are_joined_by_text() -> None:
    files = [
        LabelledFile(
            path=_file("topic.jsonl", '{"said": "Shell sues BP", "about": "Energy | Oil"}\n'),
            task="topic",
            text_column="said",
            label_column="about",
        ),
        LabelledFile(
            path=_file("mood.csv", "text,label\nSHELL SUES BP!,0\nOil rises,2\n"), task="sentiment", label_map=MOODS
        ),
        LabelledFile(
            path=_file("who.csv", "text,label,who\nShell sues BP,negative,BP\n"), task="entity", entity_column="who"
        ),
    ]
    assert read_labelled_files(files, LABELS) == [
        Example("Shell sues BP", topic=6, sentiment=0, mentions=(LabelledMention(11, 13, 0),)),
        Example("Oil rises", sentiment=2),
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('task = "entity"', "the task entity needs an entity_column: toward whom"),
        ('task = "topic"\nentity_column = "who"', "the task topic knows no entity_column"),
    ],
)
def test_an_entity_column_goes_with_the_task_entity_alone(table: str, said: str) -> None:
    _file("monitor.toml", f'[[learning.frozen_data]]\npath = "a.csv"\n{table}\n')
    with pytest.raises(SettingsError, match=f"learning.frozen_data.0: {said}"):
        load_settings()
