"""The job that keeps the classifier up to date: decides whether to train, trains, judges, and promotes or refuses.

It is the learning loop's one way to a new champion without a person: nothing is promoted that was not compared with the
champion on texts that neither was trained on, and whatever is decided is written down with its reasons.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from monitor.classify.engine import Engine, Floats
from monitor.classify.labels import Labels, Task
from monitor.classify.text import statement_key
from monitor.errors import ModelError
from monitor.learning.data.examples import Example, targets_of
from monitor.learning.data.known import Parts, judged_labels, parts_of
from monitor.learning.data.labelled_files import read_labelled_files
from monitor.learning.data.replaying import is_held_out, mixed, rehearsals, without_relatives
from monitor.learning.deciding.retraining import Retrain, RetrainingRules, Wait, decide
from monitor.learning.judging.acceptance import (
    HeadComparison,
    JudgingRules,
    compare_heads,
    figures,
    judge,
    labels_fault,
    too_few,
)
from monitor.learning.judging.verdicts import Fault, Promote, Refuse, Verdict
from monitor.learning.versions.registry import SHIPPED_MODELS, Registry
from monitor.learning.versions.version import Judgement, ModelVersion
from monitor.settings import Settings
from monitor.store import models
from monitor.store.database import Database
from pipelines.evidence import TASKS, Collected, collect, probabilities_of
from pipelines.registry import open_registry
from pipelines.stages import names_grade

BY = "retrain"
"""As the registry's history names this job."""

_SEED = 7


class Trainer(Protocol):
    """Makes a model folder out of examples."""

    def train(
        self,
        labelled: Sequence[Example],
        rehearsals: Sequence[Example],
        parent_folder: Path,
        out_folder: Path,
        labels_until: datetime,
    ) -> Path:
        """Trains on from a model.

        Args:
            labelled: By people, new and old ones, in random order; those that calibrate or stop early are to be taken
                from them.
            rehearsals: The champion's own answers, in random order, about other texts: to be learnt from alone.
            parent_folder: The champion: manifest and files.
            out_folder: Is not there yet; gets the finished model, whose manifest names the champion as parent.
            labels_until: UTC-aware; labels that were given until then are not new to it, as its manifest says.

        Returns:
            The folder of the finished model.

        Raises:
            ModelError: It cannot be trained.
        """
        ...


@dataclass(frozen=True)
class Workshop:
    """What a retraining works with.

    Attributes:
        trainer: Makes candidates.
        registry: Keeps them.
        open_engine: Puts a model folder to work.
        when: Rules of the decision to train.
        what: Rules of the judgement.
        old: Earlier training examples; where there are none, the champion's own confident answers stand in.
        frozen: Labelled texts that no model was trained on, beside those of the store.
        shipped: Holds the models that come with the package, by grade.
    """

    trainer: Trainer
    registry: Registry
    open_engine: Callable[[Path], Engine]
    when: RetrainingRules = field(default_factory=RetrainingRules)
    what: JudgingRules = field(default_factory=JudgingRules)
    old: Sequence[Example] = ()
    frozen: Sequence[Example] = ()
    shipped: Path = SHIPPED_MODELS


def retrain(settings: Settings, database: Database, now: datetime, workshop: Workshop) -> str:
    """Train a successor of the champion if there is reason to, and let it take the place if it is good enough.

    Args:
        settings: Name the grade and the folder for what is being built.
        database: The store.
        now: UTC-aware.
        workshop: Trainer, registry, rules.

    Returns:
        One sentence or more: what was decided and why.

    Raises:
        ModelError: There is no champion to start from, or the candidate cannot be made.
        StoreError: The database failed, or the champion was changed meanwhile.
    """
    grade = settings.classify.model
    if not names_grade(grade):
        return f"Nothing to train: the setting classify.model pins the folder {grade}."
    over, champion = _champion(workshop, grade)
    parent = workshop.registry.fetch(champion.id)
    engine = workshop.open_engine(parent)
    collected = collect(database, champion, engine, workshop.when, now)
    decision = decide(collected.evidence, workshop.when, now)
    if not isinstance(decision, Retrain):
        return str(decision)
    wanted = workshop.what.least_frozen - judged_labels(workshop.frozen)
    parts = parts_of(collected.known, collected.since, wanted)
    lacking = too_few(judged_labels([*parts.frozen, *workshop.frozen]), judged_labels(parts.newest), workshop.what)
    if lacking:
        return str(_waiting(decision, lacking))
    labelled, rehearsed = _examples(parts, collected, workshop)
    count = len(labelled) + len(rehearsed)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="training-") as scratch:
        folder = workshop.trainer.train(labelled, rehearsed, parent, Path(scratch) / "candidate", now)
        candidate = workshop.registry.add(folder, "retrained", champion.id, note=str(decision))
    if candidate.id == champion.id:
        return f"{decision} Training on {count:,} texts gave the champion again."
    workshop.registry.set_candidate(candidate.id, str(decision), BY)
    rival = workshop.open_engine(workshop.registry.fetch(candidate.id))
    verdict, details = _judged(engine, rival, parts, workshop)
    details |= {"decision": str(decision), "examples": count, "new": len(parts.new)}
    judgement = Judgement(
        grade=grade,
        candidate=candidate.id,
        champion=champion.id,
        at=now,
        verdict="promoted" if isinstance(verdict, Promote) else "refused",
        reason=_kind(verdict),
        details=details,
    )
    _conclude(database, workshop.registry, verdict, judgement, over)
    told = f"{decision} {candidate.id} was trained on {count:,} texts and {judgement.verdict}."
    return f"{told} {verdict}"


def retrain_scheduled(settings: Settings, database: Database, now: datetime) -> str:
    """What the schedule runs.

    Raises:
        MonitorError: As `retrain`.
    """
    # All that this run makes is dated by its beginning: labels that come in while it trains are new to its candidate.
    from pipelines.serving import open_folder
    from pipelines.shipped import RECIPES
    from pipelines.train import VersionTrainer

    recipe = RECIPES.get(settings.classify.model, RECIPES["fast"])  # base and method are the champion's in any case
    return retrain(
        settings,
        database,
        now,
        Workshop(
            trainer=VersionTrainer(recipe),
            registry=open_registry(settings, database, lambda: now),
            open_engine=partial(open_folder, options=settings.classify),
            when=settings.learning.retraining,
            what=settings.learning.judging,
            old=read_labelled_files(settings.learning.old_data, Labels()),
            frozen=read_labelled_files(settings.learning.frozen_data, Labels()),
        ),
    )


def _champion(workshop: Workshop, grade: str) -> tuple[str, ModelVersion]:
    """What the alias says, empty for nothing, and the version that serves: without an alias, the shipped one."""
    champion = workshop.registry.champion(grade)
    if champion is not None:
        return champion.id, champion
    folder = workshop.shipped / grade
    if not folder.is_dir():
        raise ModelError(f"The grade {grade} has no champion, and none ships.", "Add one: monitor models add FOLDER.")
    return "", workshop.registry.add(folder, "imported", note="Ships with the monitor.")


def _waiting(decision: Retrain, lacking: Sequence[Fault]) -> Wait:
    """Whatever was trained now would be refused, so nothing is."""
    why = " ".join(str(fault) for fault in lacking)
    asked = "A fifth of what is labelled judges: label more, or name files by learning.frozen_data."
    return Wait(f"{decision} Yet nothing is trained, as nobody could judge it. {why} {asked}", decision.reason)


def _examples(parts: Parts, collected: Collected, workshop: Workshop) -> tuple[list[Example], list[Example]]:
    """What to learn from: nothing of it judges, nor is a near-duplicate of what judges.

    Returns:
        What people labelled, and the champion's own answers about other texts.
    """
    reference = collected.reference
    old = [*parts.old, *workshop.old]
    labelled = {statement_key(example.text) for example in (*parts.new, *old)}
    if not workshop.old:
        answers = rehearsals(
            reference.texts,
            reference.scores.topic_probabilities,
            reference.scores.sentiment_probabilities,
            workshop.when.rehearsal_confidence,
        )
        old += [answer for answer in answers if statement_key(answer.text) not in labelled]
    judging = [example.text for example in (*parts.frozen, *parts.newest, *workshop.frozen)]
    old = [example for example in old if not is_held_out(example.text)]
    new = without_relatives(parts.new, judging)
    examples = mixed(new, without_relatives(old, judging), workshop.when.old_per_new, _SEED)
    by_people = [statement_key(example.text) in labelled for example in examples]
    return (
        [example for example, theirs in zip(examples, by_people, strict=True) if theirs],
        [example for example, theirs in zip(examples, by_people, strict=True) if not theirs],
    )


def _judged(champion: Engine, candidate: Engine, parts: Parts, workshop: Workshop) -> tuple[Verdict, dict[str, object]]:
    fault = labels_fault(champion.labels, candidate.labels)
    if fault is not None:
        verdict: Verdict = Refuse((fault,))
        return verdict, figures([], [], verdict)
    frozen, newest = (
        _compared(champion, candidate, examples, workshop.what)
        for examples in ([*parts.frozen, *workshop.frozen], parts.newest)
    )
    verdict = judge(frozen, newest, workshop.what)
    return verdict, figures(frozen, newest, verdict)


def _compared(
    champion: Engine, candidate: Engine, examples: Sequence[Example], rules: JudgingRules
) -> list[HeadComparison]:
    texts = [example.text for example in examples]
    ours, theirs = champion.classify(texts), candidate.classify(texts)
    heads = list[HeadComparison]()

    def compared(task: Task, before: Floats, after: Floats, truth: Sequence[int | None]) -> None:
        if truth:
            places = np.array(truth, dtype=np.int64)
            heads.append(compare_heads(task, champion.labels.names(task), before, after, places, rules, _SEED))

    for task in TASKS:
        known = [place for place, example in enumerate(examples) if example.label(task) is not None]
        before, after = (probabilities_of(scores, task)[known] for scores in (ours, theirs))
        compared(task, before, after, [examples[place].label(task) for place in known])
    asked = targets_of(examples)
    before, after = (engine.sentiment_toward(asked.texts, asked.spans) for engine in (champion, candidate))
    compared("entity", before, after, asked.sentiments)
    return heads


def _conclude(database: Database, registry: Registry, verdict: Verdict, judgement: Judgement, over: str) -> None:
    """Promote or refuse, and write the judgement down with it."""
    if isinstance(verdict, Promote):
        registry.promote(judgement.candidate, str(verdict), BY, over=over, judgement=judgement)
        return
    with database.write() as connection:
        models.write_judgement(connection, judgement)
    registry.clear_candidate(judgement.grade, str(verdict), BY)


def _kind(verdict: Verdict) -> str:
    return verdict.kind if isinstance(verdict, Refuse) else type(verdict).__name__
