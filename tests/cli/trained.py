"""Running `monitor` in this process, on a tiny base, with files written for the tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monitor.cli.app import app
from monitor.learning.network import bases
from tests.learning.tiny import BAD, FLAT, GOOD, THINGS, base_of, tiny_base

NAMES = {"negative": BAD, "neutral": FLAT, "positive": GOOD}
TOPICS = {"oil": "Energy | Oil", "gold": "Gold | Metals | Materials", "dividend": "Dividend", "euro": "Currencies"}
ROWS = [
    {
        "text": f"{thing} {verb}",
        "view": name,
        "about": TOPICS[thing],
        "who": thing,
        "day": f"2026-{1 + day // 28:02}-{1 + day % 28:02}",
    }
    for day, (thing, name, verb) in enumerate(
        ((thing, name, verb) for thing in THINGS for name, verbs in NAMES.items() for verb in verbs), 1
    )
]
QUICK = ["--set", "learning_rate=0.003", "--set", "head_factor=1", "--set", "layer_decay=1", "--batch-size", "8"]


@dataclass(frozen=True)
class Outcome:
    """What a command said: its exit status, its prose, and the last line of its results."""

    status: int
    prose: str
    results: str

    @property
    def json(self) -> Any:
        """The object with which the results end."""
        return json.loads(self.results.splitlines()[-1])


@dataclass(frozen=True)
class Bench:
    """A folder with a tiny base, in which commands are run."""

    folder: Path
    base: Path

    def run(self, *arguments: str | Path, typed: str = "") -> Outcome:
        """Run a command, with `typed` as its standard input."""
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, " ".join(done.stderr.split()), done.stdout)

    def train(self, data: Path, *arguments: str | Path) -> Outcome:
        """Train a small version into `out`."""
        base: tuple[str | Path, ...] = (
            "--base",
            "tiny",
            "--base-folder",
            self.base,
            "--precision",
            "fp32",
            "--threads",
            "1",
            *QUICK,
        )
        return self.run("train", "--data", data, "--out", self.folder / "out", "--json", *base, *arguments)

    def csv(self, name: str, rows: Sequence[dict[str, str]]) -> Path:
        """Write rows as CSV."""
        import csv

        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return path

    def files(self) -> set[str]:
        """What lies in the folder now."""
        return {path.name for path in self.folder.iterdir()}


def bench_in(folder: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench whose base is pinned and whose store lies in its folder."""
    monkeypatch.setitem(bases.BASES, "tiny", base_of(base))
    monkeypatch.setenv("MONITOR_DATA_DIR", str(folder / "state"))
    monkeypatch.chdir(folder)
    return Bench(folder, tiny_base(base) if not base.exists() else base)
