"""The verdict on a series at a tick, with its reason."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from monitor.surges.series import Series
from monitor.surges.windows import Window, WindowCounts


class Reason(StrEnum):
    """Why a series is, or is no longer, remarkable at a tick."""

    SURGE = "surge"
    """More negative than its past explains, by size and by probability: opens an alert."""
    ATTENTION = "attention"
    """Many times the usual number of stories, but no more negative than they usually are: opens no alert."""
    ELEVATED = "elevated"
    """Still above what is usual, but not enough to open an alert: keeps one open."""
    ORDINARY = "ordinary"
    """Back within what is usual."""
    QUIET = "quiet"
    """Too few stories left to say anything."""


class Statistic(StrEnum):
    """By what a series stands out; see `monitor.surges.detector`."""

    SHARE = "share"
    VOLUME = "volume"
    BUILD = "build"
    ATTENTION = "attention"


class Surge(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment of a series at a tick, kept when it stands out, and after that until the series is ordinary again.

    Attributes:
        tick: UTC-aware; at what time of the stream it was made.
        series: Of what.
        reason: The verdict.
        window: The window whose verdict is the strongest.
        counts: In that window.
        expected_share: Negative share that the series' own past lets expect, in [0, 1].
        low: Lower end of the expected band of the share at this volume, in [0, 1].
        high: Upper end of it.
        p_value: Probability of what the statistic saw if nothing had changed, in this window at one look, in [0, 1].
        effect: Observed minus expected share, in [-1, 1].
        rule_version: Fingerprint of the rules that judged.
        statistic: By what it stands out the most.
        adjusted_p: The rate of false discoveries at which it counts as one, for all series, windows and statistics that
            are looked at in a day; above 1, how many such findings a day has by chance.
        expected_count: Negative stories that the statistic expected (of attention: stories).
        building_since: UTC-aware; since when evidence has added up day by day, None where it has not.
    """

    tick: datetime
    series: Series
    reason: Reason
    window: Window
    counts: WindowCounts
    expected_share: float
    low: float
    high: float
    p_value: float
    effect: float
    rule_version: str
    statistic: Statistic = Statistic.SHARE
    adjusted_p: float = 1.0
    expected_count: float = 0.0
    building_since: datetime | None = None
