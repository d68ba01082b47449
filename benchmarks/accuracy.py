"""How often the shipped model is right, on the validation sets of the two public sets it was trained on.

    python -m benchmarks.accuracy [--data DIR] [--json]

The data folder holds tfns/ and tftopic/; no text of it comes with this repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.data import WHERE_DATA_IS, find_data
from monitor.classify.openvino_engine import SHIPPED_MODEL, OpenVinoEngine
from monitor.errors import MonitorError
from pipelines.datasets import VALIDATION_SETS, read_set
from pipelines.evaluate import judge


def measure(data_folder: Path, model_folder: Path) -> dict[str, Any]:
    """Judge a model on every validation set.

    Raises:
        MonitorError: If the data or the model cannot be loaded.
    """
    engine = OpenVinoEngine(model_folder)
    sets = []
    for labelled in VALIDATION_SETS:
        report = judge(engine, read_set(data_folder, labelled), labelled.task).as_json()
        sets.append({"set": labelled.name, "task": labelled.task, **report})
    return {"model_version": engine.model_version, "sets": sets}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help=f"folder that holds tfns/ and tftopic/; {WHERE_DATA_IS}")
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help="model folder; the shipped one by default")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        result = measure(options.data or find_data("tfns"), options.model)
    except MonitorError as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 2
    for figures in result["sets"]:
        if options.json:
            print(json.dumps(figures))
        else:
            keys = ("accuracy", "macro_f1", "weighted_f1", "ece")
            shown = "  ".join(f"{key} {figures[key]:.4f}" for key in keys)
            print(f"{figures['set']:<16} n {figures['n']:>5}  {shown}")
    if options.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
