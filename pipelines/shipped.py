"""The job that rebuilds the shipped grades from the public training sets. Needs the extra: train."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from monitor.classify.choosing import open_engine
from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest, load_manifest
from monitor.errors import InputError
from monitor.learning.data.examples import Example, without_repeats
from monitor.learning.data.groups import grouped_split, near_duplicate_groups
from monitor.learning.data.replaying import without_relatives
from monitor.learning.judging.card import SHIPPED_DATA
from monitor.learning.recipe import FAST, QUALITY, Recipe
from pipelines.company_news.examples import FILLINGS, company_news
from pipelines.datasets import TRAINING_SETS, VALIDATION_SETS, read_set
from pipelines.entity_sets import read_finentity, read_sentfin, split_test
from pipelines.stories.learning import stories_to_learn
from pipelines.train import Run, Say, require_free, train_version
from pipelines.validation import figures, validation_sets

if TYPE_CHECKING:
    from monitor.learning.training.loop import Progress

RECIPES: Mapping[str, Recipe] = {"fast": FAST, "quality": QUALITY}
HELD_OUT_SHARE = 0.1
SPLIT_SEED = 1


@dataclass(frozen=True)
class Split:
    """Training examples, of which no near-duplicate is among the held-out ones or in a validation set."""

    training: list[Example]
    held_out: list[Example]


def train_shipped(
    grade: str,
    data_folder: Path,
    out_folder: Path,
    *,
    recipe: Recipe | None = None,
    parent: Path | None = None,
    teacher: Path | None = None,
    texts: Sequence[str] = (),
    fillings: int = FILLINGS,
    share: float = 1.0,
    run: Run | None = None,
    report: Say = print,
    watch: Callable[[Progress], None] = lambda _progress: None,
) -> Manifest:
    """Train, calibrate, export and judge a shipped grade, on the public sets and on texts written for it.

    The weights are those trained without the held-out tenth, on which the temperatures are fitted.

    Args:
        grade: "fast" or "quality".
        data_folder: Holds tfns/, tftopic/, sentfin/ and finentity/.
        out_folder: Gets the finished model, all at once; an older one there is replaced.
        recipe: The shipped one by default.
        parent: Folder of the version whose weights to go on from; None starts from the base.
        teacher: Folder of the version to distil; None learns from the labels alone.
        texts: Unlabelled texts, prepared, about which the teacher is asked too.
        fillings: How often each frame of the written headlines is filled.
        share: Of the public sets so much is learnt from, drawn at random, in (0, 1]. A parent knows them; a part keeps
            it from forgetting.
        run: How the run is carried out.
        report: Called with one line at a time.
        watch: Called with the run's progress.

    Returns:
        The manifest of the model.

    Raises:
        InputError: There is no such grade, or a data file is missing or malformed.
        ModelError: The base model is missing or changed.
    """
    recipe, run = recipe or recipe_of_grade(grade), replace(run or Run(), grade=grade)
    require_free(out_folder, run)
    split, news = split_training_sets(data_folder), company_news(fillings)
    validation = [*split.held_out, *news.calibrating]
    judged = [example.text for chosen in validation_sets() for example in chosen.read(data_folder)]
    held_out = judged + [example.text for example in validation]
    unlabelled = without_repeats([Example(text) for text in texts], [example.text for example in split.training])
    train_version(
        [*_drawn(split.training, share, recipe.seed), *without_relatives(unlabelled, held_out)],
        recipe,
        out_folder,
        validation=validation,
        certain=news.training,
        stories=stories_to_learn(),
        parent=parent,
        teacher=teacher,
        run=run,
        report=report,
        watch=watch,
    )
    return judge_on_sets(out_folder, data_folder, report, run.base_folder)


def _drawn(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """A random part of examples, in their order."""
    chosen = np.random.default_rng(seed).permutation(len(examples))[: round(share * len(examples))]
    return [examples[place] for place in np.sort(chosen)]


def recipe_of_grade(grade: str) -> Recipe:
    """How a shipped grade is trained.

    Raises:
        InputError: There is no such grade.
    """
    if grade not in RECIPES:
        raise InputError(f"there is no grade {grade!r}.", "Use one of: " + ", ".join(RECIPES))
    return RECIPES[grade]


def split_training_sets(data_folder: Path) -> Split:
    """Read the training sets, drop repeats, hold out whole groups, and learn from nothing near a validation text.

    Raises:
        InputError: If a data file is missing or malformed.
    """
    examples = [example for labelled in TRAINING_SETS for example in read_set(data_folder, labelled)]
    judged = [example.text for labelled in VALIDATION_SETS for example in read_set(data_folder, labelled)]
    for read in (read_sentfin, read_finentity):
        training, test = split_test(read(data_folder))
        examples += training
        judged += [example.text for example in test]
    examples = without_repeats(examples, judged)
    groups = near_duplicate_groups([example.text for example in examples])
    held_out = grouped_split(groups, HELD_OUT_SHARE, SPLIT_SEED)
    training = [example for example, out in zip(examples, held_out, strict=True) if not out]
    return Split(
        # Left out only now: which texts are held out must not change, as the shipped models have learnt the others.
        training=without_relatives(training, judged),
        held_out=[example for example, out in zip(examples, held_out, strict=True) if out],
    )


def judge_on_sets(folder: Path, data_folder: Path, report: Say, base_folder: Path | None = None) -> Manifest:
    """Judge a finished model on every validation set, and write the figures into its manifest and card.

    Args:
        folder: Of the model.
        data_folder: Of the sets.
        report: Called with one line at a time.
        base_folder: Where the files of its base lie; None looks for them.
    """
    from monitor.learning.network.export import write_papers

    engine, papers = open_engine(folder, base_folder=base_folder), load_manifest(folder, Labels())
    metrics: dict[str, Any] = {name: found for name, found in papers.metrics.items() if name.startswith("validation ")}
    for chosen in validation_sets():
        found = {"task": chosen.task, **figures(engine, chosen.read(data_folder), chosen.task)}
        metrics[chosen.name] = found
        main = "f1" if chosen.task == "mentions" else "accuracy"
        report(f"{chosen.name}: {main} {found[main]:.4f}, {found['n']:,} labels")
    return write_papers(folder, msgspec.structs.replace(papers, metrics=metrics), SHIPPED_DATA)
