"""Labelled files that the settings name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from monitor.classify.labels import Labels, Task
from monitor.learning.data.examples import Example, read_examples, without_repeats


class LabelledFile(BaseModel):
    """A file of texts with labels for one task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="CSV, JSON lines or Parquet; the first two possibly gzipped.")
    task: Task = Field(description="What the labels say.")
    text_column: str = Field(default="text", description="Column with the text.")
    label_column: str = Field(default="label", description="Column with the label.")
    label_map: dict[str, str] = Field(
        default={}, description="Label name by what the file writes; empty where it writes the names."
    )


def read_labelled_files(files: Iterable[LabelledFile], labels: Labels) -> list[Example]:
    """Read files into one list, each text once.

    Raises:
        InputError: Naming file, row and remedy.
    """
    return without_repeats(
        example
        for file in files
        for example in read_examples(
            file.path,
            text_column=file.text_column,
            label_column=file.label_column,
            task=file.task,
            label_map=file.label_map,
            labels=labels,
        )
    )
