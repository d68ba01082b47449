"""The public sets that the shipped model is trained and judged on, as files of a data folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.classify.labels import TOPICS, Labels, Task
from monitor.errors import InputError
from monitor.learning.data.examples import Example, read_examples

LABEL_MAPS: Mapping[Task, Mapping[str, str]] = {
    "sentiment": {"0": "negative", "1": "positive", "2": "neutral"},
    "topic": {str(number): name for number, name in enumerate(TOPICS)},
}


@dataclass(frozen=True)
class LabelledSet:
    """A file of one task: columns `text` and `label`.

    Attributes:
        name: As figures name it.
        task: The head it is for.
        path: Relative to the data folder.
    """

    name: str
    task: Task
    path: str


TRAINING_SETS = (
    LabelledSet("tfns train", "sentiment", "tfns/sent_train.csv"),
    LabelledSet("topic train", "topic", "tftopic/topic_train.csv"),
)

VALIDATION_SETS = (
    LabelledSet("tfns official", "sentiment", "tfns/sent_valid.csv"),
    LabelledSet("tfns nodup", "sentiment", "tfns/sent_valid_nodup.csv"),
    LabelledSet("topic official", "topic", "tftopic/topic_valid.csv"),
    LabelledSet("topic nodup", "topic", "tftopic/topic_valid_nodup.csv"),
)


def read_set(data_folder: Path, labelled: LabelledSet) -> list[Example]:
    """Read one set.

    Raises:
        InputError: If the folder or the file is missing or malformed.
    """
    if not data_folder.is_dir():
        raise InputError(f"{data_folder}: the data folder is absent.", "Name the folder that holds tfns/ and tftopic/.")
    return read_examples(
        data_folder / labelled.path,
        text_column="text",
        label_column="label",
        task=labelled.task,
        label_map=LABEL_MAPS[labelled.task],
        labels=Labels(),
    )
