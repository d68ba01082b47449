"""What is asked of a surge: every number that the verdicts rest on, in one frozen, validated place."""

from __future__ import annotations

import hashlib
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from monitor.surges.near_duplicates import Alikeness

DAY_MINUTES = 1440

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AtLeastZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]


class SurgeRules(BaseModel):
    """Rules of counting, learning and judging. The defaults were chosen by `python -m benchmarks.surges`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_minutes: tuple[int, ...] = Field(
        default=(15, 60, 360, DAY_MINUTES),
        description=(
            "Lengths of the sliding windows, ascending; each divides a day (1440), so that blocks never straddle one."
        ),
    )
    block_minutes: int = Field(
        default=DAY_MINUTES,
        ge=1,
        description="Length of the disjoint blocks from which baselines learn; divides a day (1440).",
    )
    short_block_minutes: int = Field(
        default=60,
        ge=1,
        description="Length of the blocks that show how shares vary within a day; divides `block_minutes`.",
    )
    minimum_stories: int = Field(
        default=3,
        ge=1,
        description="Stories that a window must hold before its share is judged; "
        "to be judged by volume, `minimum_negatives` is enough.",
    )
    minimum_negatives: int = Field(
        default=2, ge=1, description="Negative stories that a window must hold before it can stand out in any way."
    )
    minimum_effect: Share = Field(
        default=0.15,
        description=(
            'Observed minus expected share that a surge must reach; half of it for "elevated" and for days that add up.'
        ),
    )
    false_alerts_per_week: Positive = Field(
        default=0.15,
        description="How many false surges a week are put up with, over all series, windows and statistics together.",
    )
    topic_weight: Positive = Field(
        default=0.1,
        description=(
            "How much of the chance of a false surge a topic, or all news, is given for what a company is given: "
            "markets swing by themselves, and people ask for companies."
        ),
    )
    part_weight: Positive = Field(
        default=0.25, description="Likewise a topic of a company, whose stories are the company's too."
    )
    elevated_p: Share = Field(
        default=1e-2,
        description='A series is "elevated" while the chance of it, in a day and by any window or statistic, is less.',
    )
    band_coverage: Share = Field(default=0.95, description="Probability that the expected band of the share holds.")
    volume_tolerance: float = Field(
        default=2.0,
        ge=1,
        allow_inf_nan=False,
        description="Stories may become so many times as many as is usual before their number counts for anything.",
    )
    attention_tolerance: float = Field(
        default=10.0,
        ge=1,
        allow_inf_nan=False,
        description="All stories may become so many times as many before a series is told to draw attention.",
    )
    attention_stories: int = Field(default=20, ge=1, description="Stories that a window must hold for that.")
    build_odds: float = Field(
        default=2.0,
        gt=1,
        allow_inf_nan=False,
        description="The cumulative sum looks for odds of being negative that are so many times the usual ones.",
    )
    build_cap: Positive = Field(default=20.0, description="Most that the cumulative sum remembers, in nats.")
    build_half_life_days: Positive = Field(default=7.0, description="After so many days it remembers half.")
    build_blocks: int = Field(
        default=3,
        ge=1,
        description=(
            "Besides, the open block and the closed ones before it are summed up to so many: as far as the guard band "
            "still holds them."
        ),
    )
    half_life_days: Positive = Field(default=28.0, description="After so many days what was learnt counts half.")
    guard_minutes: int = Field(
        default=3 * DAY_MINUTES,
        ge=0,
        description="A block teaches only so long after its end, so that a building surge does not teach itself away.",
    )
    weight_threshold: Positive = Field(
        default=2.58,
        description=(
            "Blocks whose residual exceeds so many standard deviations teach less (Noufaily et al. 2013: 2.58)."
        ),
    )
    prior_share: Share = Field(
        default=0.2, description="Negative share expected of all news before anything is learnt."
    )
    prior_stories: Positive = Field(default=20.0, description="How many stories the prior mean is worth.")
    prior_covariate_stories: Positive = Field(
        default=100.0,
        description="Likewise of the stories of one source, model or hour of the week, which only explain others.",
    )
    source_spread: AtLeastZero = Field(
        default=0.15,
        description=(
            "How much sources differ in their usual share: standard deviation. As long as a new source's own is not "
            "known, it is taken to explain twice that of its part of the news."
        ),
    )
    prior_overdispersion: float = Field(
        default=0.015, ge=0, lt=1, description="Intraclass correlation expected before anything is learnt."
    )
    prior_entity_overdispersion: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Likewise of the stories about one company in one day: most tell of one event.",
    )
    prior_unruliness: Positive = Field(
        default=3.0,
        description=(
            "How much the overdispersion of single series differs from that of their kind: standard deviation, relative"
            " to it."
        ),
    )
    prior_pairs: Positive = Field(
        default=2000.0, description="How many pairs of stories within one block the prior overdispersion is worth."
    )
    overdispersion_floor: Share = Field(default=0.002, description="Least overdispersion ever assumed.")
    overdispersion_cap: Share = Field(
        default=0.25, description="Greatest overdispersion ever believed; at least the floor."
    )
    prior_rate_stories: Positive = Field(
        default=0.5, description="Stories of a series that were never counted: what a company is worth unseen."
    )
    prior_rate_exposure: Positive = Field(default=250.0, description="Among so many stories of all news they stand.")
    prior_clustering: Positive = Field(
        default=1.0, description="Stories that each story about a company brings with it, before anything is learnt."
    )
    prior_clustering_stories: Positive = Field(default=100.0, description="How many stories that prior is worth.")
    often_heard_stories: Positive = Field(
        default=5.0,
        description=(
            "Stories of its own past, forgetting counted, from which a company is often heard: how the stories of such "
            "cluster is learnt apart from that of names that are seldom heard."
        ),
    )
    clustering_floor: Positive = Field(default=0.1, description="Least clustering ever assumed.")
    minimum_history_stories: AtLeastZero = Field(
        default=30.0,
        description=(
            "Stories that the baseline of all news or of a topic must have learnt from, forgetting counted, before the "
            "series may stand out."
        ),
    )
    minimum_history_days: AtLeastZero = Field(
        default=1.0, description="Days that such a baseline must span before its series may stand out."
    )
    minimum_exposure_stories: AtLeastZero = Field(
        default=200.0,
        description="Stories of all news that must have been learnt from before a company may stand out.",
    )
    minimum_relevance: int = Field(
        default=30, ge=0, le=100, description="A story counts for a company from this relevance to it on."
    )
    entities_per_story: int = Field(
        default=6, ge=0, description="Of a story's companies so many count, the most relevant ones."
    )
    lateness_minutes: int = Field(
        default=60,
        ge=0,
        description="A story that enters later than this after its event time is flagged late; it counts all the same.",
    )
    story_horizon_minutes: int = Field(
        default=3 * DAY_MINUTES,
        ge=1,
        description="A headline belongs to an earlier one's chain if it enters so soon after the first member.",
    )
    story_limit: int = Field(
        default=250_000, ge=1, description="Most chains kept alive; beyond it the oldest ends early."
    )

    tellings_per_story: int = Field(
        default=2,
        ge=1,
        description=(
            "A story counts once, and again for each other source that tells it in words of its own, up to so often in "
            "all: reprints are no evidence, independent reports are."
        ),
    )
    near_story_limit: int = Field(
        default=50_000,
        ge=1,
        description="Of these chains the newest so many are known by what they say, the rest by headline alone.",
    )
    story_likeness: Positive = Field(
        default=1.25,
        description=(
            "Cosine of story vectors plus shared information from which a text may belong to a chain; for the shipped "
            "model, as the next. `python -m benchmarks.duplicates --tune` finds both for another."
        ),
    )
    story_per_nat: AtLeastZero = Field(
        default=0.03, description="What a nat of shared words and figures adds to that cosine."
    )
    story_jaccard: Share = Field(
        default=0.6,
        description="Similarity of word shingles from which a text may belong to a chain, whatever the vectors say.",
    )

    @field_validator("window_minutes")
    @classmethod
    def _divide_a_day(cls, lengths: tuple[int, ...]) -> tuple[int, ...]:
        good = bool(lengths) and all(length >= 1 and DAY_MINUTES % length == 0 for length in lengths)
        if not good or list(lengths) != sorted(set(lengths)):
            raise ValueError("must be ascending whole minutes, each dividing a day (1440)")
        return lengths

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if DAY_MINUTES % self.block_minutes or self.block_minutes % self.short_block_minutes:
            raise ValueError("block_minutes must divide a day (1440), and short_block_minutes must divide it")
        if self.overdispersion_cap < self.overdispersion_floor:
            raise ValueError("overdispersion_cap must be at least overdispersion_floor")
        if self.attention_tolerance < self.volume_tolerance:
            raise ValueError("attention_tolerance must be at least volume_tolerance")
        return self

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with any value.

        >>> SurgeRules().version == SurgeRules().version != SurgeRules(minimum_stories=9).version
        True
        """
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=6).hexdigest()

    @property
    def alikeness(self) -> Alikeness:
        """From when on two texts may tell one story."""
        return Alikeness(likeness=self.story_likeness, per_nat=self.story_per_nat, jaccard=self.story_jaccard)

    @property
    def summed_blocks(self) -> tuple[int, ...]:
        """Over how many blocks, the open one included, evidence is summed: 2, 3 and so on."""
        return tuple(range(2, min(self.build_blocks, self.guard_minutes // self.block_minutes) + 1))

    @property
    def memory_minutes(self) -> int:
        """How far back minute counts can still change a verdict or a lesson: the longest window and the guard band."""
        return max(self.window_minutes[-1], self.block_minutes) + self.guard_minutes
