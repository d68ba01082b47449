"""The options of `monitor train`, each with its type, its help and its panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

_DATA, _SPLIT, _HOW, _RESULT = "Data", "What validates", "How it is trained", "What becomes of it"
_LABELS = "What the file's labels mean: 'raw=name,raw=name'; by default they are the names."


def _option(text: str, panel: str, *names: str) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=panel)


Data = Annotated[list[Path], _option("CSV, JSONL or Parquet file; may be repeated.", _DATA, "--data")]
Out = Annotated[Path, _option("Folder for the finished version; appears all at once.", _RESULT)]
TextColumn = Annotated[str, _option("Column with the text.", _DATA)]
TopicColumn = Annotated[str, _option("Column with the topic.", _DATA)]
SentimentColumn = Annotated[str, _option("Column with the sentiment of the whole text.", _DATA)]
EntityColumn = Annotated[str, _option("Column with a company or asset, as the text names it.", _DATA)]
EntitySentimentColumn = Annotated[str, _option("Column with the sentiment toward that.", _DATA)]
AllEntities = Annotated[
    bool, _option("A text's rows name all of its companies and assets: teaches to find them.", _DATA)
]
Task = Annotated[str, _option("Short form for one task, with --label-column: topic, sentiment or entity.", _DATA)]
LabelColumn = Annotated[str, _option("Column with the label of --task.", _DATA)]
Labels = Annotated[str, _option(f"Of --task. {_LABELS}", _DATA)]
TopicLabels = Annotated[str, _option(_LABELS, _DATA)]
SentimentLabels = Annotated[str, _option(_LABELS, _DATA)]
EntityLabels = Annotated[str, _option(_LABELS, _DATA)]
TimeColumn = Annotated[str, _option("Column with the time, for --split time.", _DATA)]
GroupColumn = Annotated[
    str, _option("Column whose equal values stay together; blank is no group. A --validation file needs it too.", _DATA)
]
Validation = Annotated[list[Path] | None, _option("File of its own, of the same columns; may repeat.", _SPLIT)]
ValidationShare = Annotated[
    float, typer.Option(min=0.01, max=0.9, help="Share of the texts, without a file.", rich_help_panel=_SPLIT)
]
Split = Annotated[
    Literal["time", "group"], _option("The newest, or whole groups of near-duplicates, at random.", _SPLIT)
]
Base = Annotated[str, _option("Encoder to start from; by default the small one, or the parent's.", _HOW)]
BaseFolder = Annotated[Path | None, _option("Where its files lie; by default they are looked for.", _HOW)]
Parent = Annotated[str, _option("Version or folder whose weights to go on from.", _HOW, "--from")]
Method = Annotated[str, _option("full, lora, adalora, prefix or bottleneck.", _HOW)]
Optimizer = Annotated[str, _option("adamw or sgd.", _HOW)]
Schedule = Annotated[str, _option("linear or plateau.", _HOW)]
Epochs = Annotated[int | None, _option("Passes over the examples.", _HOW)]
Patience = Annotated[int | None, _option("Epochs without a better loss before it stops.", _HOW)]
BatchSize = Annotated[int | None, _option("Examples per forward pass.", _HOW)]
Accumulation = Annotated[int | None, _option("Forward passes per step.", _HOW)]
LearningRate = Annotated[float | None, _option("Peak rate.", _HOW)]
Seed = Annotated[int | None, _option("Of initialisation, order, dropout and split.", _HOW)]
Precision = Annotated[str, _option("bf16, fp16 or fp32.", _HOW)]
Settings = Annotated[
    list[str] | None, _option("name=value of any other setting of the recipe; may repeat.", _HOW, "--set")
]
Threads = Annotated[
    int, typer.Option(min=0, help="CPU threads; 0 for as many as there are cores.", rich_help_panel=_HOW)
]
Tracker = Annotated[
    Literal["tensorboard", "wandb", "none"],
    _option("Who keeps its curves, below --run; wandb stays offline.", _RESULT),
]
RunFolder = Annotated[Path | None, _option("Folder that keeps the state after every epoch.", _RESULT)]
Resume = Annotated[bool, _option("Go on from that state.", _RESULT, "--resume")]
Grade = Annotated[str, _option("Name of its family, such as fast; by default the parent's or base's.", _RESULT)]
Register = Annotated[bool, _option("Add it to the registry (monitor models list).", _RESULT, "--register")]
AsJson = Annotated[bool, _option("End with one JSON object.", _RESULT, "--json")]
