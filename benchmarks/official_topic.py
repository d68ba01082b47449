"""The topic set as published figures use it: trained on its whole official training file, repeats and all.

    python -m benchmarks.official_topic [--data DIR] [--epochs N] [--out DIR] [--json]

16.8 % of the official validation texts stand, word for word or nearly, in the official training file too. The shipped
models never saw those, so their figures are not comparable with published ones, which profit from them. This goes on
from the quality grade for one run on the untouched training file, and prints both figures beside each other. What it
trains is for comparison only and is never shipped. It takes about an hour a pass on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.data import WHERE_DATA_IS, find_data
from monitor.classify.choosing import open_engine
from monitor.errors import MonitorError
from monitor.learning.recipe import QUALITY
from monitor.learning.training.loop import Progress
from monitor.learning.versions.registry import SHIPPED_MODELS
from pipelines.datasets import TRAINING_SETS, VALIDATION_SETS, read_set
from pipelines.train import Run, train_version
from pipelines.validation import figures

(TRAINING,) = (labelled for labelled in TRAINING_SETS if labelled.task == "topic")
JUDGED = tuple(labelled for labelled in VALIDATION_SETS if labelled.task == "topic")
CALIBRATED_ON = 500
"""Of the training texts: temperatures change no accuracy, and a text held out would be one learnt less."""


def measure(data: Path, out: Path, epochs: int = 1) -> dict[str, Any]:
    """Train on the untouched file, and judge on both validation files.

    Raises:
        MonitorError: If the data or the quality grade's base cannot be loaded.
    """
    examples = read_set(data, TRAINING)
    recipe = msgspec.structs.replace(QUALITY, epochs=epochs, learning_rate=2e-4, embedding_weight=0.0)
    train_version(
        examples,
        recipe,
        out,
        validation=examples[:CALIBRATED_ON],
        parent=SHIPPED_MODELS / "quality",
        run=Run(grade="official-topic"),
        report=_say,
        watch=_show,
    )
    engine = open_engine(out)
    result: dict[str, Any] = {"trained_on": len(examples), "epochs": epochs}
    for judged in JUDGED:
        found = figures(engine, read_set(data, judged), "topic")
        result[judged.name] = {key: found[key] for key in ("n", "accuracy", "macro_f1")}
    return result


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _show(progress: Progress) -> None:
    if progress.validation_loss is None:
        _say(f"step {progress.step} of {progress.steps}, loss {progress.loss:.3f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.official_topic", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--epochs", type=int, default=1, help="passes over the training file")
    parser.add_argument("--out", type=Path, help="keep the trained version here; it is thrown away by default")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as kept:
            out = options.out or Path(kept) / "version"
            result = measure(options.data or find_data("tftopic"), out, options.epochs)
    except MonitorError as error:
        print(f"official_topic: {error}", file=sys.stderr)
        return 2
    if not options.json:
        for judged in JUDGED:
            print(judged.name, "  ".join(f"{key} {value:.4f}" for key, value in result[judged.name].items()))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
