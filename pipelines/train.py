"""The job that rebuilds the shipped model from the public training sets. Needs the extra: train."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor.classify.calibration import calibrated_probabilities
from monitor.classify.labels import Labels, Task
from monitor.classify.manifest import Manifest, Temperatures
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.learning.evaluation import evaluate, expected_calibration_error, fit_temperature
from monitor.learning.examples import Example, fingerprint, without_repeats
from monitor.learning.groups import grouped_split, near_duplicate_groups
from pipelines.datasets import TRAINING_SETS, VALIDATION_SETS, read_set

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from monitor.learning.model import TwoHeads
    from monitor.learning.training import Recipe

GRADE = "fast"
MAX_TOKENS = 128
HELD_OUT_SHARE = 0.1
SPLIT_SEED = 1
CALIBRATION_TEXTS = 600


@dataclass(frozen=True)
class Split:
    """Training examples and the held-out ones; no near-duplicate stands in both, none stands in a validation set."""

    training: list[Example]
    held_out: list[Example]


def train_shipped(
    data_folder: Path,
    out_folder: Path,
    *,
    recipe: Recipe | None = None,
    threads: int = 0,
    report: Callable[[str], None] = print,
) -> Manifest:
    """Train, calibrate, export and judge the shipped model.

    The weights are those trained without the held-out tenth, on which the temperatures are fitted.

    Args:
        data_folder: Holds tfns/ and tftopic/.
        out_folder: Gets the finished model, all at once; an older one there is replaced.
        recipe: The shipped one by default.
        threads: CPU threads for training; 0 for as many as there are cores.
        report: Called with one line at a time.

    Returns:
        The manifest of the model.

    Raises:
        InputError: If a data file is missing or malformed.
        ModelError: If the base model is missing or changed.
    """
    from monitor.learning.training import Recipe

    recipe = recipe or Recipe()
    split = split_training_sets(data_folder)
    report(f"{len(split.training)} examples to train on, {len(split.held_out)} held out")
    model, tokenizer = _trained(split.training, recipe, threads, report)
    return package(model, tokenizer, split, recipe, data_folder, out_folder, report)


def split_training_sets(data_folder: Path) -> Split:
    """Read the training sets, drop what repeats itself or a validation text, and hold out whole groups."""
    examples = [example for labelled in TRAINING_SETS for example in read_set(data_folder, labelled)]
    validation = [example.text for labelled in VALIDATION_SETS for example in read_set(data_folder, labelled)]
    examples = without_repeats(examples, validation)
    groups = near_duplicate_groups([example.text for example in examples])
    held_out = grouped_split(groups, HELD_OUT_SHARE, SPLIT_SEED)
    return Split(
        training=[example for example, out in zip(examples, held_out, strict=True) if not out],
        held_out=[example for example, out in zip(examples, held_out, strict=True) if out],
    )


def package(
    model: TwoHeads,
    tokenizer: Tokenizer,
    split: Split,
    recipe: Recipe,
    data_folder: Path,
    out_folder: Path,
    report: Callable[[str], None],
) -> Manifest:
    """Quantise a trained model, calibrate it on the held-out examples, judge it and put it in place."""
    from monitor.learning.export import export_model, install, write_papers

    chosen = np.random.default_rng(recipe.seed).permutation(len(split.training))[:CALIBRATION_TEXTS]
    papers: dict[str, Any] = {
        "grade": GRADE,
        "labels": Labels(),
        "max_tokens": MAX_TOKENS,
        "data_fingerprint": fingerprint(split.training),
        "recipe": recipe,
    }
    out_folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_folder.parent) as scratch:
        built = Path(scratch) / out_folder.name
        report("quantising to int8")
        export_model(model, tokenizer, [split.training[place].text for place in chosen], built, MAX_TOKENS)
        write_papers(built, **papers, temperatures=Temperatures(1.0, 1.0), metrics={})
        temperatures = _fitted(OpenVinoEngine(built), split.held_out)
        report(f"temperatures: topic {temperatures.topic:.4f}, sentiment {temperatures.sentiment:.4f}")
        write_papers(built, **papers, temperatures=temperatures, metrics={})
        metrics = _metrics(OpenVinoEngine(built), model, tokenizer, data_folder, report)
        manifest = write_papers(built, **papers, temperatures=temperatures, metrics=metrics)
        install(built, out_folder)
    report(f"{out_folder}: {manifest.model_version}")
    return manifest


def _trained(
    examples: Sequence[Example], recipe: Recipe, threads: int, report: Callable[[str], None]
) -> tuple[TwoHeads, Tokenizer]:
    from monitor.learning.model import base_folder, load_base, load_tokenizer
    from monitor.learning.training import Progress, prepare_run, train

    def say(progress: Progress) -> None:
        report(f"epoch {progress.epoch}, step {progress.step} of {progress.steps}, loss {progress.loss:.4f}")

    prepare_run(recipe.seed, threads)
    folder = base_folder()
    model = load_base(folder, Labels(), recipe.dropout)
    train(model, load_tokenizer(folder, recipe.max_tokens), examples, recipe, say)
    return model, load_tokenizer(folder, MAX_TOKENS)


def _fitted(engine: OpenVinoEngine, held_out: Sequence[Example]) -> Temperatures:
    """Fit both temperatures on the quantised model's own answers: those are what is served."""
    topics, sentiments = engine.logits([example.text for example in held_out])
    fitted: dict[Task, float] = {}
    heads: tuple[tuple[Task, Any], ...] = (("topic", topics), ("sentiment", sentiments))
    for task, logits in heads:
        places = [place for place, example in enumerate(held_out) if example.label(task) is not None]
        truth = np.array([held_out[place].label(task) for place in places], dtype=np.int64)
        fitted[task] = round(fit_temperature(logits[places].astype(np.float64), truth), 4)
    return Temperatures(topic=fitted["topic"], sentiment=fitted["sentiment"])


def _metrics(
    engine: OpenVinoEngine, model: TwoHeads, tokenizer: Tokenizer, data_folder: Path, report: Callable[[str], None]
) -> dict[str, Any]:
    """Judge the int8 model on the validation sets, beside its uncalibrated and its float32 self."""
    from monitor.learning.training import predict

    figures: dict[str, Any] = {}
    for labelled in VALIDATION_SETS:
        examples = read_set(data_folder, labelled)
        texts = [example.text for example in examples]
        truth = np.array([example.label(labelled.task) for example in examples], dtype=np.int64)
        head = 0 if labelled.task == "topic" else 1
        scores = engine.classify(texts)
        served = (scores.topic_probabilities, scores.sentiment_probabilities)[head]
        uncalibrated = calibrated_probabilities(engine.logits(texts)[head], 1.0)
        names = engine.labels.names(labelled.task)
        exact = evaluate(calibrated_probabilities(predict(model, tokenizer, texts)[head], 1.0), truth, names)
        figures[labelled.name] = {
            "task": labelled.task,
            **evaluate(served, truth, names).as_json(),
            "ece_uncalibrated": round(expected_calibration_error(uncalibrated, truth), 5),
            "float32": {key: value for key, value in exact.as_json().items() if key in ("accuracy", "macro_f1")},
        }
        report(f"{labelled.name}: accuracy {figures[labelled.name]['accuracy']:.4f}")
    return figures
