"""Whether a candidate may take the champion's place: a pure verdict that says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from monitor.classify.labels import Labels, Task
from monitor.learning.judging.bootstrap import Comparison, least_calibration_loss, paired_bootstrap
from monitor.learning.judging.evaluation import expected_calibration_error
from monitor.learning.judging.verdicts import (
    ClassCollapsed,
    ClassRecall,
    Fault,
    LabelsDiffer,
    NoBetterOnNewest,
    Promote,
    Refuse,
    TooFewToJudge,
    Verdict,
    WorseCalibration,
    WorseOnFrozen,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Margin = Annotated[float, Field(ge=0, lt=1)]

_ROUNDING = 1e-12


class JudgingRules(BaseModel):
    """What a candidate must show."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accuracy_margin: Margin = Field(
        default=0.02,
        description="Accuracy that a candidate may have lost on the frozen set, at the lower end of the interval: less "
        "than people who label the same text differ by.",
    )
    macro_f1_margin: Margin = Field(
        default=0.04, description="Likewise of macro F1, whose interval is about twice as wide for the rare classes."
    )
    recall_margin: Margin = Field(
        default=0.15, description="Recall that a single class may have lost on the frozen set: more is a collapse."
    )
    recall_support: int = Field(
        default=20, ge=1, description="Texts that a class needs before its recall is looked at; 20 give steps of .05."
    )
    calibration_margin: Margin = Field(
        default=0.02,
        description="Calibration error that a candidate may have gained on the frozen set, at the lower end of the "
        "interval: of few labels the errors of equally honest models differ by more.",
    )
    least_frozen: int = Field(
        default=200,
        ge=1,
        description="Judged labels without which the frozen set says nothing, of all tasks together; training waits "
        "for them.",
    )
    least_newest: int = Field(
        default=30, ge=1, description="Likewise of the newest labels; few serve, as they need not show a margin."
    )
    least_of_task: int = Field(
        default=50,
        ge=1,
        description="Frozen labels of one task below which a candidate is refused for that task only where it is "
        "surely worse (`worse_p`): of so few, every interval is wider than its margin.",
    )
    worse_p: float = Field(
        default=0.95,
        gt=0.5,
        lt=1,
        description="A candidate that is worse at one task of the newest labels, or of few frozen ones, with this "
        "probability is refused.",
    )
    resamples: int = Field(default=2000, ge=100, description="Of the bootstrap.")
    coverage: float = Field(
        default=0.9,
        gt=0,
        lt=1,
        description="Of the intervals; .9 lets pass a model that lost just the margin in 5 of 100 attempts.",
    )


class HeadComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One task on one set of texts.

    Attributes:
        task: Which.
        accuracy: Compared.
        macro_f1: Compared.
        recalls: Of the classes that occur.
        champion_ece: Expected calibration error, in [0, 1].
        candidate_ece: Likewise.
        least_calibration_loss: Lower end of the interval of what the candidate's exceeds the champion's by.
    """

    task: Task
    accuracy: Comparison
    macro_f1: Comparison
    recalls: tuple[ClassRecall, ...]
    champion_ece: float
    candidate_ece: float
    least_calibration_loss: float


def compare_heads(
    task: Task,
    names: Sequence[str],
    champion: Floats,
    candidate: Floats,
    truth: Integers,
    rules: JudgingRules,
    seed: int,
) -> HeadComparison:
    """Compare two models' probabilities for the same labelled texts.

    Args:
        task: Which.
        names: Label names in output order.
        champion: [n, classes], calibrated; n at least 1.
        candidate: Likewise.
        truth: [n], class indices.
        rules: For the bootstrap.
        seed: Likewise.
    """
    ours, theirs = champion.argmax(axis=1), candidate.argmax(axis=1)
    recalls = []
    for place in np.unique(truth):
        of_class = truth == place
        recalls.append(
            ClassRecall(
                names[place],
                float((ours[of_class] == place).mean()),
                float((theirs[of_class] == place).mean()),
                int(of_class.sum()),
            )
        )
    accuracy, macro_f1 = (
        paired_bootstrap(ours, theirs, truth, metric, resamples=rules.resamples, seed=seed, coverage=rules.coverage)
        for metric in ("accuracy", "macro_f1")
    )
    return HeadComparison(
        task=task,
        accuracy=accuracy,
        macro_f1=macro_f1,
        recalls=tuple(recalls),
        champion_ece=expected_calibration_error(champion, truth),
        candidate_ece=expected_calibration_error(candidate, truth),
        least_calibration_loss=least_calibration_loss(
            champion, candidate, truth, resamples=rules.resamples, seed=seed, coverage=rules.coverage
        ),
    )


def judge(frozen: Sequence[HeadComparison], newest: Sequence[HeadComparison], rules: JudgingRules) -> Verdict:
    """Judge a candidate.

    It is promoted if on the frozen set no interval reaches below minus its margin, no class collapsed and no head is
    much less calibrated, and if on the newest labels, on none of which it was trained, it is right at least as often,
    over all tasks, and at no task surely worse. Of a head with a handful of frozen labels it must not be surely worse.

    Args:
        frozen: By task, on texts that stay the same from one candidate to the next.
        newest: By task, on the newest held-out labels.
        rules: The margins.
    """
    faults = list[Fault](too_few(_labels_of(frozen), _labels_of(newest), rules))
    if not faults:
        faults = [fault for head in frozen for fault in _frozen_faults(head, rules)] + _newest_faults(newest, rules)
    if faults:
        return Refuse(tuple(faults))
    return Promote(frozen_delta=_pooled(frozen), newest_delta=_pooled(newest))


def too_few(frozen: int, newest: int, rules: JudgingRules) -> list[TooFewToJudge]:
    """Which of the two sets, of so many labels, are too small for any verdict."""
    sets = (("frozen", frozen, rules.least_frozen), ("newest", newest, rules.least_newest))
    return [TooFewToJudge(which, n, needed) for which, n, needed in sets if n < needed]


def labels_fault(champion: Labels, candidate: Labels) -> LabelsDiffer | None:
    """What differs between the labels of two models that are to answer alike; None if nothing does."""
    for task in ("topic", "sentiment"):
        ours, theirs = champion.names(task), candidate.names(task)
        if ours != theirs:
            missing, added = (
                [name for name in ours if name not in theirs],
                [name for name in theirs if name not in ours],
            )
            told = ", ".join([*(f"{name} is missing" for name in missing), *(f"{name} is new" for name in added)])
            return LabelsDiffer(f"{task}: {told or 'their order differs'}")
    return None


def figures(frozen: Sequence[HeadComparison], newest: Sequence[HeadComparison], verdict: Verdict) -> dict[str, Any]:
    """All that a verdict rests on as plain values, for the store."""
    details: dict[str, Any] = msgspec.to_builtins(
        {"verdict": verdict, "why": str(verdict), "frozen": list(frozen), "newest": list(newest)}
    )
    return details


def _labels_of(heads: Sequence[HeadComparison]) -> int:
    return sum(head.accuracy.n for head in heads)


def _frozen_faults(head: HeadComparison, rules: JudgingRules) -> list[Fault]:
    if head.accuracy.n < rules.least_of_task:
        surely = head.accuracy.p_worse >= rules.worse_p
        return [WorseOnFrozen(head.task, head.accuracy, rules.accuracy_margin)] if surely else []
    faults = list[Fault]()
    for found, margin in ((head.accuracy, rules.accuracy_margin), (head.macro_f1, rules.macro_f1_margin)):
        if found.low < -margin:
            faults.append(WorseOnFrozen(head.task, found, margin))
    for recall in head.recalls:
        if recall.support >= rules.recall_support and recall.champion - recall.candidate > rules.recall_margin:
            faults.append(ClassCollapsed(head.task, recall))
    if head.least_calibration_loss > rules.calibration_margin:
        faults.append(WorseCalibration(head.task, head.champion_ece, head.candidate_ece))
    return faults


def _newest_faults(newest: Sequence[HeadComparison], rules: JudgingRules) -> list[Fault]:
    together = _pooled(newest)
    if together < -_ROUNDING:
        return [NoBetterOnNewest(together, _labels_of(newest))]
    return [
        NoBetterOnNewest(head.accuracy.delta, head.accuracy.n)
        for head in newest
        if head.accuracy.p_worse >= rules.worse_p
    ]


def _pooled(heads: Sequence[HeadComparison]) -> float:
    """Difference in the share of right answers over all tasks."""
    return sum(head.accuracy.delta * head.accuracy.n for head in heads) / _labels_of(heads)
