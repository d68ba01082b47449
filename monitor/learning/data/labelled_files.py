"""Labelled files that the settings name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.classify.labels import Labels, Task
from monitor.learning.data.corpus import Columns, read_corpus
from monitor.learning.data.examples import Example, without_repeats

_LABEL_FIELDS: Mapping[Task, str] = {"topic": "topic", "sentiment": "sentiment", "entity": "entity_sentiment"}


class LabelledFile(BaseModel):
    """A file of texts with labels for one task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="CSV, JSON lines or Parquet; the first two possibly gzipped.")
    task: Task = Field(description="What the labels say.")
    text_column: str = Field(default="text", description="Column with the text.")
    label_column: str = Field(default="label", description="Column with the label.")
    entity_column: str = Field(
        default="",
        description="Column with the company or asset that the label is toward, as the text names it; for the task "
        "entity, and for it alone.",
    )
    label_map: dict[str, str] = Field(
        default={}, description="Label name by what the file writes; empty where it writes the names."
    )

    @model_validator(mode="after")
    def _entity_is_named(self) -> Self:
        if (self.task == "entity") != bool(self.entity_column):
            wrong = "needs an entity_column: toward whom" if self.task == "entity" else "knows no entity_column"
            raise ValueError(f"the task {self.task} {wrong}")
        return self

    def columns(self) -> Columns:
        """Which of its columns holds what."""
        label = {_LABEL_FIELDS[self.task]: self.label_column}
        return Columns(text=self.text_column, entity=self.entity_column, **label)


def read_labelled_files(files: Iterable[LabelledFile], labels: Labels) -> list[Example]:
    """Read files into one list, each text once; an entity that its text does not name is left out.

    Raises:
        InputError: Naming file, row and remedy.
    """
    return without_repeats(
        example
        for file in files
        for example in read_corpus([file.path], file.columns(), {file.task: file.label_map}, labels=labels).examples
    )
