"""Who takes part."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from benchmarks.surges.betabinomial import BetaBinomialTail
from benchmarks.surges.farrington import FarringtonFlexible
from benchmarks.surges.peers import (
    Ears,
    LastAgainstTwelve,
    MoreThanFive,
    NegativeBinomialCusum,
    NegativeBinomialGlr,
    Shewhart,
)
from benchmarks.surges.protocol import Alerter, Detector

_OURS = "benchmarks.surges.ours"


def peers() -> list[Detector]:
    """Everyone but us."""
    return [
        *(Ears(which, on) for which in ("C1", "C2", "C3") for on in ("negatives", "share")),
        Shewhart(),
        LastAgainstTwelve(),
        MoreThanFive(),
        NegativeBinomialCusum(),
        NegativeBinomialGlr(),
        BetaBinomialTail(),
        FarringtonFlexible("days"),
        FarringtonFlexible("weeks"),
    ]


def our_detector() -> Detector | None:
    """The production statistics behind the protocol: `detector()` of ours.py; None where that is not there."""
    if find_spec(_OURS) is None:
        return None
    found: Detector = import_module(_OURS).detector()
    return found


def our_alerter() -> Alerter | None:
    """The production core, multiplicity included: `alerter()` of ours.py; None where that is not there."""
    if find_spec(_OURS) is None:
        return None
    found: Alerter = import_module(_OURS).alerter()
    return found
