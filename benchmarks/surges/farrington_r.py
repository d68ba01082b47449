"""The oracle of farrington.py: `farringtonFlexible` of R's package `surveillance`, where Rscript is installed.

Debian has it as r-cran-surveillance. It is a benchmark's oracle, no dependency.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.surges.farrington import HALF_WINDOW, NO_STORIES, YEARS, in_blocks, p_values
from benchmarks.surges.injecting import injected, null_panel
from benchmarks.surges.protocol import BoolArray, FloatArray, IntArray
from benchmarks.surges.scenarios import DAY, SCENARIOS
from monitor.errors import InputError

_SECONDS: Final = 4 * 3600.0
_SCRIPT: Final = """
suppressMessages(library(surveillance))
arguments <- commandArgs(trailingOnly = TRUE)
read <- function(name) as.matrix(read.csv(file.path(arguments[1], name), header = FALSE))
negatives <- read("negatives.csv"); stories <- read("stories.csv"); runs <- read("runs.csv")
frequency <- as.integer(arguments[2]); years <- as.integer(arguments[3])
judge <- function(run) {  # run: row of the series, first and last period, counted from 1
  series <- sts(observed = negatives[run[1], ], frequency = frequency, population = matrix(stories[run[1], ]))
  fitted <- farringtonFlexible(series, list(
    range = run[2]:run[3], b = years, w = 3, noPeriods = 10, reweight = TRUE, weightsThreshold = 2.58,
    pastWeeksNotIncluded = 26, trend = TRUE, pThresholdTrend = 1, populationOffset = TRUE, limit54 = c(0, 4),
    thresholdMethod = "nbPlugin", alpha = 0.001, glmWarnings = FALSE))
  cbind(run[1], run[2]:run[3], fitted@control$pvalue[, 1])
}
found <- do.call(rbind, lapply(seq_len(nrow(runs)), function(row) suppressWarnings(judge(runs[row, ]))))
write.table(found, file.path(arguments[1], "p.csv"), sep = ",", row.names = FALSE, col.names = FALSE)
"""


@cache
def has_r() -> bool:
    """Whether Rscript and the package `surveillance` are there."""
    if shutil.which("Rscript") is None:
        return False
    asked = subprocess.run(
        ["Rscript", "-e", 'quit(status = !requireNamespace("surveillance"))'],
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


def _runs(asked: BoolArray) -> IntArray:
    """Row, first and last period of each unbroken run, counted from 1, [runs, 3]."""
    change = np.diff(np.pad(asked.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, first = np.nonzero(change == 1)
    last = np.nonzero(change == -1)[1]
    return np.stack([rows + 1, first + 1, last], axis=1)


def r_p_values(negatives: IntArray, stories: IntArray, wanted: BoolArray, frequency: int) -> FloatArray:
    """What `farrington.p_values` gives, from R.

    Raises:
        InputError: R failed.
    """
    asked = wanted.copy()
    asked[:, : YEARS * frequency + HALF_WINDOW] = False
    p = np.full(negatives.shape, np.nan)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        np.savetxt(here / "negatives.csv", negatives, fmt="%d", delimiter=",")
        np.savetxt(here / "stories.csv", np.maximum(stories, NO_STORIES), fmt="%g", delimiter=",")
        np.savetxt(here / "runs.csv", _runs(asked), fmt="%d", delimiter=",")
        (here / "judge.R").write_text(_SCRIPT, encoding="utf-8")
        done = subprocess.run(
            ["Rscript", str(here / "judge.R"), folder, str(frequency), str(YEARS)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        if done.returncode != 0:
            raise InputError(f"R failed: {done.stderr.strip()[-500:]}", "Install r-cran-surveillance, or leave it out.")
        found = np.genfromtxt(here / "p.csv", delimiter=",", missing_values="NA", ndmin=2)
    p[found[:, 0].astype(int) - 1, found[:, 1].astype(int) - 1] = found[:, 2]
    return p


def compare(seed: int, series: int = 2, periods: int = 56) -> dict[str, float]:
    """Judges the last periods of some series with surges in R and here, by days and by weeks.

    Returns:
        `decisions`, how many, and `largest_difference` of two p-values of one.

    Raises:
        InputError: R or its package is not installed.
    """
    if not has_r():
        raise InputError("R with the package surveillance is not installed.", "On Debian: r-cran-surveillance.")
    differences: list[FloatArray] = []
    for number, scenario in enumerate(one for one in SCENARIOS if one.period == DAY):
        rng = np.random.default_rng([seed, number])
        counts = injected(null_panel(scenario, series, rng), 10, rng).panel.counts
        for step, frequency in ((1, 365), (7, 52)):
            negatives, stories = in_blocks(counts.negatives, step), in_blocks(counts.stories, step)
            wanted = np.zeros(negatives.shape, dtype=bool)
            wanted[:, -(periods // step) :] = True
            here = p_values(negatives, stories, wanted, frequency)
            differences.append(np.abs(here - r_p_values(negatives, stories, wanted, frequency))[wanted])
    difference = np.concatenate(differences)
    return {"decisions": len(difference), "largest_difference": float(np.nanmax(difference))}
