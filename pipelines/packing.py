"""From a trained model to a version's folder: exported, calibrated and judged as it is served."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from monitor.classify.added_topics import load_added_topics, write_added_topics
from monitor.classify.calibration import calibrated_probabilities
from monitor.classify.choosing import open_engine
from monitor.classify.engine import Floats, Integers
from monitor.classify.labels import Labels, Task
from monitor.classify.manifest import REPORT_FOLDER, Manifest, load_manifest
from monitor.classify.mentions import softmax
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.errors import InputError
from monitor.learning.data.corpus import TASKS
from monitor.learning.data.examples import Example, fingerprint
from monitor.learning.data.splitting import labels_of
from monitor.learning.judging.calibrating import calibrated, labelled_logits, untouched_temperatures
from monitor.learning.judging.evaluation import expected_calibration_error
from monitor.learning.recipe import Recipe
from monitor.learning.topics.moving import moved
from pipelines.validation import figures

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from monitor.learning.training.starting import Start

SERVED_TOKENS = 128
"""Tokens that a finished model reads at least; it may be trained on fewer."""
CALIBRATION_TEXTS = 600
MOVING_TEXTS = 2000

Say = Callable[[str], None]
_GRADES = {"all-MiniLM-L6-v2": "fast", "all-mpnet-base-v2": "quality"}


@contextmanager
def building(out_folder: Path) -> Iterator[Path]:
    """A folder to build in, which takes the place of another if nothing goes wrong.

    What killed runs left of the same place goes, too, once it is taken: until then that may hold the only whole folder.

    Raises:
        InputError: The place cannot be written to.
    """
    from monitor.learning.network.export import install

    try:
        out_folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out_folder.parent, prefix=".building-") as scratch, _locked(scratch):
            built = Path(scratch) / out_folder.name
            built.mkdir()
            yield built
            install(built, out_folder)
            _clear_killed(out_folder)
    except OSError as error:
        raise InputError(f"{out_folder}: it cannot be written: {error}.", "Check the folder and its rights.") from error


@contextmanager
def _locked(folder: str | Path) -> Iterator[bool]:
    """Holds a folder's lock, which ends with the process; gives whether it was free."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except OSError:  # another process has it, or the file system knows no locks
            free = False
        yield free
    finally:
        os.close(handle)


def _clear_killed(out_folder: Path) -> None:
    own = {out_folder.name, f"{out_folder.name}.old"}
    for scratch in out_folder.parent.glob(".building-*"):
        with suppress(OSError), _locked(scratch) as free:  # another process may be clearing, too
            names = {path.name for path in scratch.iterdir()}
            if free and names and names <= own:
                shutil.rmtree(scratch, ignore_errors=True)


def packed(
    begun: Start,
    examples: Sequence[Example],
    recipe: Recipe,
    grade: str,
    labels_until: datetime | None,
    built: Path,
    report: Say,
) -> Manifest:
    """Export what was trained: an addition alone, or the whole as a static int8 graph.

    Args:
        begun: Trained by now.
        examples: That it was trained on; some of them set the ranges of the int8 graph.
        recipe: By which.
        grade: Of the version; empty for the parent's, or the base's.
        labels_until: Of the version, see `Manifest`.
        built: Gets the files.
        report: Called with one line at a time.
    """
    from monitor.learning.network.adapters import merge_adapters
    from monitor.learning.network.export import export_model, export_weights, write_papers
    from monitor.learning.network.restoring import MERGEABLE

    model: Any = begun.model.cpu()
    parents = begun.restored.manifest.max_tokens if begun.restored else 0  # a successor never reads less of a text
    tokens = max(recipe.max_tokens, parents, SERVED_TOKENS)
    papers = _papers(begun, examples, recipe, grade, labels_until, tokens)
    if begun.adapted:
        report("writing the trained weights")
        export_weights(model, begun.tokenizer, built, tokens)
    else:
        if recipe.method in MERGEABLE:
            merge_adapters(model)
        report("quantising to int8")
        chosen = np.random.default_rng(recipe.seed).permutation(len(examples))[:CALIBRATION_TEXTS]
        export_model(model, _served(begun.tokenizer, tokens), [examples[n].text for n in chosen], built, tokens)
    return write_papers(built, papers)


def _papers(
    begun: Start,
    examples: Sequence[Example],
    recipe: Recipe,
    grade: str,
    labels_until: datetime | None,
    tokens: int,
) -> Manifest:
    labels, parent = Labels(), begun.restored.manifest if begun.restored else None
    return Manifest(
        grade=grade or (parent.grade if parent else _GRADES.get(recipe.base, "own")),
        topics=labels.topics,
        sentiments=labels.sentiments,
        tags=labels.tags,
        width=begun.model.embedding_head.out_features,
        temperatures=untouched_temperatures(parent),
        abstain_below=parent.abstain_below if parent else 0.5,
        max_tokens=tokens,
        base_model=begun.base.name,
        base_sha256=begun.base.sha256,
        data_fingerprint=fingerprint(examples),
        parent=parent.model_version if parent else "",
        recipe=msgspec.to_builtins(recipe),
        metrics={},
        labels_until=labels_until,
        files={},
    )


def with_parents_topics(
    parent: Path, papers: Manifest, texts: Sequence[str], built: Path, base_folder: Path | None, report: Say
) -> Manifest:
    """Give an exported successor the topics that were added to its parent.

    Args:
        parent: Folder of the parent.
        papers: The successor's.
        texts: Like those that will be read; both models embed some of them.
        built: Folder of the successor.
        base_folder: Where the files of their base lie; None looks for them.
        report: Called with one line at a time.
    """
    from monitor.learning.network.export import write_papers

    topics = load_added_topics(parent, load_manifest(parent, Labels())).topics
    if not topics:
        return papers
    report(f"carrying over {len(topics)} added topics")
    chosen = [texts[n] for n in np.random.default_rng(0).permutation(len(texts))[:MOVING_TEXTS]]
    before, after = (
        open_engine(folder, base_folder=base_folder).classify(chosen).embeddings for folder in (parent, built)
    )
    write_added_topics(built, [moved(topic, before, after) for topic in topics])
    names = (*papers.labels.topics, *(topic.name for topic in topics))
    return write_papers(built, msgspec.structs.replace(papers, topics=names, added_topics=len(topics)))


def keep_weights(
    begun: Start, papers: Manifest, folder: Path, parent: Path | None, texts: Sequence[str], base_folder: Path | None
) -> None:
    """Keep the exact weights of a version that is served as a graph, as a version's folder of its own.

    Args:
        begun: Trained by now, without an addition.
        papers: Final, but for topics that were added to the parent.
        folder: Gets them, all at once; what a run before left there is replaced.
        parent: See `with_parents_topics`, likewise the others; None where there is none.
        texts: Like those that will be read.
        base_folder: Where the files of the base lie; None looks for them.
    """
    from monitor.learning.network.export import export_weights, write_papers

    with building(folder) as built:
        export_weights(begun.model, begun.tokenizer, built, papers.max_tokens)
        papers = write_papers(built, papers)
        if parent is not None:
            with_parents_topics(parent, papers, texts, built, base_folder, lambda _line: None)


def judged(begun: Start, papers: Manifest, validation: Sequence[Example], built: Path, report: Say) -> Manifest:
    """Calibrate an exported version on the validation examples as it is served, and write its figures down."""
    from monitor.learning.network.export import write_papers
    from monitor.learning.network.reference import ModelEngine

    def engines() -> tuple[ModelEngine, ModelEngine | OpenVinoEngine]:
        exact = ModelEngine(begun.model, _served(begun.tokenizer, papers.max_tokens), papers)
        return exact, exact if begun.adapted else OpenVinoEngine(built)

    raw = engines()[1].raw_answers([example.text for example in validation])
    papers = write_papers(built, calibrated(papers, raw, validation))
    exact, served = engines()
    metrics = dict[str, Any]()
    for task in TASKS:
        known = [example for example in validation if labels_of([example], task)]
        if not known:
            continue
        found = {"task": task, **figures(served, known, task)}
        head = "target" if task == "entity" else task
        logits, truth = labelled_logits(raw, validation, head)
        if len(truth):
            found["ece_uncalibrated"] = round(expected_calibration_error(softmax(logits), truth), 5)
            probabilities = calibrated_probabilities(logits, getattr(papers.temperatures, head))
            _report(task, probabilities, truth, served.labels.names(task), built, report)
        before = found if served is exact else figures(exact, known, task)
        found["float32"] = {key: before[key] for key in ("accuracy", "macro_f1")}
        metrics[f"validation {task}"] = found
        report(f"{task}: accuracy {found['accuracy']:.4f}, macro F1 {found['macro_f1']:.4f}, {found['n']:,} labels")
    return write_papers(built, msgspec.structs.replace(papers, metrics=metrics))


def _report(task: Task, probabilities: Floats, truth: Integers, names: Sequence[str], built: Path, report: Say) -> None:
    """The task's page and picture; a run of hours does not fail for want of a picture."""
    from monitor.learning.judging.reporting import write_report

    try:
        write_report(built / REPORT_FOLDER, task, probabilities, truth, names)
    except ModuleNotFoundError as error:
        report(f"There is no picture of the confusions, as {error.name} is not installed.")


def _served(tokenizer: Tokenizer, tokens: int) -> Tokenizer:
    """A copy of a tokenizer that cuts where the served model does."""
    copy = type(tokenizer).from_str(tokenizer.to_str())
    copy.no_padding()
    copy.enable_truncation(max_length=tokens)
    return copy
