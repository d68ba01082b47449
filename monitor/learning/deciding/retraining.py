"""Whether a model is due to be trained anew: a pure decision that says why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from monitor.learning.deciding.drift import CalibrationShift, InputShift, ShareShift
from monitor.learning.versions.version import Fate

Share = Annotated[float, Field(gt=0, lt=1)]


class RetrainingRules(BaseModel):
    """When to train anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    new_labels: int = Field(
        default=500,
        ge=1,
        description="Labels since the champion was made that are reason enough; a fifth of them judges, and below a "
        "hundred judged texts even ten points of accuracy are hard to tell from chance.",
    )
    least_labels: int = Field(
        default=200,
        ge=1,
        description="Labels since the champion was made without which no other reason counts: the fifth of them that "
        "judges would be too few.",
    )
    further_labels: int = Field(
        default=100, ge=1, description="Labels since the last attempt, so that the same ones are not tried every night."
    )
    oldest_days: float = Field(
        default=180.0, gt=0, description="A champion this old is due: names and words of half a year are unknown to it."
    )
    window_days: float = Field(
        default=14.0,
        gt=0,
        description="Length of the two windows that drift is sought between; whole weeks, as weekends differ.",
    )
    sample: int = Field(
        default=1000,
        ge=100,
        le=20_000,
        description="Most stories looked at in either window; the champion scores them anew, some seconds' work.",
    )
    false_alarms: Share = Field(
        default=0.001,
        description="Rate at which each test finds drift where there is none: at a look a night, once in three years.",
    )
    least_psi: float = Field(
        default=0.2,
        gt=0,
        description="Stability index of the shares that matters (credit scoring's limit), however certain it is.",
    )
    least_separation: float = Field(
        default=0.7,
        gt=0.5,
        lt=1,
        description="Share of stories that a linear classifier must put into the right window before input drift "
        "matters: of a news feed .5 from one fortnight to the next and .6 ten months later, of news and posts .8.",
    )
    old_per_new: float = Field(
        default=4.0,
        ge=0,
        description="Old examples beside each new one in training, so that the old are not forgotten; four keep the "
        "new a fifth of every batch.",
    )
    rehearsal_confidence: Share = Field(
        default=0.8,
        description="Where no old examples are at hand, the champion's own answers of at least this probability on the "
        "stories of its first weeks stand in for them.",
    )


class EnoughLabels(msgspec.Struct, frozen=True, tag=True):
    """So many new labels that they are worth a training run."""

    new: int
    threshold: int

    def __str__(self) -> str:
        return f"{self.new:,} labels are new since the champion was made, and {self.threshold:,} are enough."


class InputDrift(msgspec.Struct, frozen=True, tag=True):
    """The texts have changed."""

    shift: InputShift

    def __str__(self) -> str:
        return (
            f"The news has changed: {self.shift.accuracy:.0%} of {self.shift.texts:,} stories can be told from those "
            f"of the champion's first weeks (p = {self.shift.p_value:.1g})."
        )


class ShareDrift(msgspec.Struct, frozen=True, tag=True):
    """The shares of the classes have changed."""

    task: str
    shift: ShareShift

    def __str__(self) -> str:
        return (
            f"The shares of the {self.task}s have moved: their stability index is {self.shift.psi:.2f} over "
            f"{self.shift.recent:,} recent stories (p = {self.shift.p_value:.1g})."
        )


class CalibrationDecay(msgspec.Struct, frozen=True, tag=True):
    """The model is less honest about itself than its card says."""

    task: str
    shift: CalibrationShift

    def __str__(self) -> str:
        return (
            f"The {self.task} probabilities are no longer honest: their calibration error is {self.shift.ece:.3f} on "
            f"{self.shift.labels:,} new labels, where at most {self.shift.limit:.3f} is chance."
        )


class TooOld(msgspec.Struct, frozen=True, tag=True):
    """The model has served long."""

    age_days: float
    limit_days: float

    def __str__(self) -> str:
        return f"The champion is {self.age_days:.0f} days old, and {self.limit_days:g} are the limit."


Reason = EnoughLabels | CalibrationDecay | InputDrift | ShareDrift | TooOld


class Retrain(msgspec.Struct, frozen=True, tag=True):
    """Train anew; `reason` is the first that holds, in the order of `Reason`."""

    reason: Reason

    def __str__(self) -> str:
        return str(self.reason)


class Wait(msgspec.Struct, frozen=True, tag=True):
    """Do nothing; `why` is one sentence for a person.

    `pressing` is a reason that holds but for which there are too few labels: what labelling would be good for now.
    """

    why: str
    pressing: Reason | None = None

    def __str__(self) -> str:
        return self.why


Decision = Retrain | Wait


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on.

    Attributes:
        made_at: UTC-aware; when the champion was made; adding topics makes none anew.
        new_labels: Since then.
        last_attempt_at: UTC-aware; when a candidate was last judged against this champion. None: never.
        last_attempt: What came of it.
        labels_since_attempt: Since then; without an attempt the same as `new_labels`.
        inputs: Of the recent stories against those of the champion's first weeks. None: too few.
        shares: By task; without those that have too few stories.
        calibration: By task, on the newest labels; without those that have none.
    """

    made_at: datetime
    new_labels: int
    last_attempt_at: datetime | None = None
    last_attempt: Fate = "refused"
    labels_since_attempt: int
    inputs: InputShift | None = None
    shares: dict[Literal["topic", "sentiment"], ShareShift] = {}
    calibration: dict[Literal["topic", "sentiment"], CalibrationShift] = {}


def decide(evidence: Evidence, rules: RetrainingRules, now: datetime) -> Decision:
    """Decide whether to train anew.

    Args:
        evidence: As of `now`.
        rules: The thresholds.
        now: UTC-aware.
    """
    reason = _reason(evidence, rules, now)
    if reason is None:
        return Wait(f"Nothing calls for training: {evidence.new_labels:,} of {rules.new_labels:,} labels, no drift.")
    new, further = evidence.new_labels, evidence.labels_since_attempt
    if new < rules.least_labels:
        asked = f"{new:,} labels are new, and training needs {rules.least_labels:,}: label more."
        return Wait(f"{reason} Yet only {asked}", reason)
    if evidence.last_attempt_at is not None and further < rules.further_labels:
        fate = "refused" if evidence.last_attempt == "refused" else "promoted but serves no more"
        why = (
            f"The attempt of {evidence.last_attempt_at:%Y-%m-%d} was {fate}, and since then only {further:,} of the "
            f"{rules.further_labels:,} labels for another have come."
        )
        return Wait(why, reason)
    return Retrain(reason)


def input_drifted(shift: InputShift | None, rules: RetrainingRules) -> bool:
    """Whether the texts differ beyond chance and by enough to matter."""
    return shift is not None and shift.p_value <= rules.false_alarms and shift.accuracy >= rules.least_separation


def share_drifted(shift: ShareShift, rules: RetrainingRules) -> bool:
    """Whether shares moved beyond chance and by enough to matter."""
    return shift.p_value <= rules.false_alarms and shift.psi >= rules.least_psi


def _reason(evidence: Evidence, rules: RetrainingRules, now: datetime) -> Reason | None:
    if evidence.new_labels >= rules.new_labels:
        return EnoughLabels(evidence.new_labels, rules.new_labels)
    for task, calibration in sorted(evidence.calibration.items()):
        if calibration.decayed:
            return CalibrationDecay(task, calibration)
    if evidence.inputs is not None and input_drifted(evidence.inputs, rules):
        return InputDrift(evidence.inputs)
    for task, shares in sorted(evidence.shares.items()):
        if share_drifted(shares, rules):
            return ShareDrift(task, shares)
    age = now - evidence.made_at
    if age >= timedelta(days=rules.oldest_days):
        return TooOld(age / timedelta(days=1), rules.oldest_days)
    return None
