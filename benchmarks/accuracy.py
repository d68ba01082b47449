"""How often a shipped model is right, on validation sets that it was not trained on.

    python -m benchmarks.accuracy [--data DIR] [--json]

The data folder holds tfns/, tftopic/, sentfin/, finentity/ and news_headlines/; no text of it comes with this
repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.data import WHERE_DATA_IS, find_data
from benchmarks.headline_sentiments import NAME, read_headline_sentiments
from monitor.classify.choosing import open_engine
from monitor.classify.openvino_engine import SHIPPED_MODEL
from monitor.errors import MonitorError
from pipelines.validation import ValidationSet, figures, validation_sets


def measure(data_folder: Path, model_folder: Path, threads: int = 0) -> dict[str, Any]:
    """Judge a model on every validation set.

    Raises:
        MonitorError: If the data or the model cannot be loaded.
    """
    engine = open_engine(model_folder, threads=threads)
    sets = []
    for chosen in (*validation_sets(), ValidationSet(NAME, "entity", read_headline_sentiments)):
        found = figures(engine, chosen.read(data_folder), chosen.task)
        sets.append({"set": chosen.name, "grade": engine.model_version.partition("-")[0], "task": chosen.task, **found})
    return {"model_version": engine.model_version, "sets": sets}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help="model folder; the shipped one by default")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        result = measure(options.data or find_data("tfns"), options.model)
    except MonitorError as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 2
    for judged in result["sets"]:
        if options.json:
            print(json.dumps(judged))
        else:
            keys = ("accuracy", "macro_f1", "weighted_f1", "ece", "precision", "recall", "f1")
            shown = "  ".join(f"{key} {judged[key]:.4f}" for key in keys if key in judged)
            print(f"{judged['set']:<20} n {judged['n']:>5}  {shown}")
    if options.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
