"""What can be said of a candidate, and every reason to refuse one, each with its sentence."""

from __future__ import annotations

import msgspec

from monitor.classify.labels import Task
from monitor.learning.judging.bootstrap import Comparison

_NAMES = {"accuracy": "accuracy", "macro_f1": "macro F1"}


class ClassRecall(msgspec.Struct, frozen=True):
    """Recall of one class by both sides, in [0, 1], over `support` texts."""

    label: str
    champion: float
    candidate: float
    support: int


class LabelsDiffer(msgspec.Struct, frozen=True, tag=True):
    """The candidate answers with other labels."""

    difference: str

    def __str__(self) -> str:
        return f"Its labels are not the champion's: {self.difference}."


class TooFewToJudge(msgspec.Struct, frozen=True, tag=True):
    """A set is too small."""

    which: str
    n: int
    needed: int

    def __str__(self) -> str:
        return f"Only {self.n:,} of the {self.needed:,} {self.which} labels that a judgement needs are there."


class WorseOnFrozen(msgspec.Struct, frozen=True, tag=True):
    """It may have lost more than the margin on the frozen set."""

    task: Task
    comparison: Comparison
    margin: float

    def __str__(self) -> str:
        found = self.comparison
        return (
            f"On the frozen set its {self.task} {_NAMES[found.metric]} is {found.candidate:.3f} against "
            f"{found.champion:.3f}; it may have lost {max(-found.low, 0.0):.3f}, and {self.margin:g} are allowed."
        )


class ClassCollapsed(msgspec.Struct, frozen=True, tag=True):
    """It has forgotten a class."""

    task: Task
    recall: ClassRecall

    def __str__(self) -> str:
        found = self.recall
        return (
            f"It finds {found.candidate:.0%} of the {found.support:,} texts of the {self.task} {found.label}, where "
            f"the champion finds {found.champion:.0%}."
        )


class WorseCalibration(msgspec.Struct, frozen=True, tag=True):
    """Its probabilities are less honest."""

    task: Task
    champion_ece: float
    candidate_ece: float

    def __str__(self) -> str:
        return (
            f"Its {self.task} probabilities are less honest: their calibration error is {self.candidate_ece:.3f} "
            f"against {self.champion_ece:.3f}."
        )


class NoBetterOnNewest(msgspec.Struct, frozen=True, tag=True):
    """It is worse where it should have learnt."""

    delta: float
    n: int

    def __str__(self) -> str:
        return f"On the {self.n:,} newest labels it is right {-self.delta:.1%} less often."


Fault = LabelsDiffer | TooFewToJudge | WorseOnFrozen | ClassCollapsed | WorseCalibration | NoBetterOnNewest


class Promote(msgspec.Struct, frozen=True, tag=True):
    """It takes the champion's place; differences in the share of right answers, over all tasks."""

    frozen_delta: float
    newest_delta: float

    def __str__(self) -> str:
        return (
            f"Its accuracy against the champion's is {self.newest_delta:+.3f} on the newest labels and "
            f"{self.frozen_delta:+.3f} on the frozen set."
        )


class Refuse(msgspec.Struct, frozen=True, tag=True):
    """It does not, for every reason that was found; at least one."""

    faults: tuple[Fault, ...]

    @property
    def kind(self) -> str:
        """The first reason's name."""
        return type(self.faults[0]).__name__

    def __str__(self) -> str:
        return " ".join(str(fault) for fault in self.faults)


Verdict = Promote | Refuse
