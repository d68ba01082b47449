"""The whole learning loop with a network that is really trained: labels, training, judgement, promotion, rollback.

Needs the extra: train.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.learning.data.examples import Example
from monitor.learning.data.label import Label
from monitor.learning.deciding.retraining import RetrainingRules
from monitor.learning.judging.acceptance import JudgingRules
from monitor.learning.network import bases
from monitor.learning.versions.registry import Registry
from monitor.settings import load_settings
from monitor.store import labels, models
from monitor.store.database import Database
from pipelines.retrain import Workshop, retrain
from pipelines.train import Run, VersionTrainer, train_version
from tests.learning.tiny import BAD, FLAT, GOOD, RECIPE, THINGS, base_of, tiny_base

MADE = datetime(2024, 5, 1, tzinfo=UTC)
NOW = datetime(2024, 8, 1, 4, tzinfo=UTC)
NAMES = ("negative", "neutral", "positive")
QUICK = msgspec.structs.replace(RECIPE, epochs=8, patience=0)


def _texts(verbs: Sequence[str], count: int, series: str) -> list[Example]:
    """The three verbs are of the three sentiments; a number of its own makes each text a story of its own."""
    rng = np.random.default_rng(len(series))
    things = rng.choice(list(THINGS), count)
    return [
        Example(f"{thing} {verbs[n % 3]} on item {series}{n} of day {7 * n}", sentiment=n % 3)
        for n, thing in enumerate(things)
    ]


OLD, FRESH = (BAD[0], FLAT[0], GOOD[0]), (BAD[1], FLAT[1], GOOD[1])


def _accuracy(folder: Path, examples: Sequence[Example]) -> float:
    given = OpenVinoEngine(folder, threads=1).classify([example.text for example in examples]).sentiments
    return float(np.mean(given == [example.sentiment for example in examples]))


@pytest.mark.slow
def test_new_words_are_learnt_judged_promoted_and_can_be_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tiny_base(tmp_path / "base")
    monkeypatch.setitem(bases.BASES, "tiny", base_of(base))
    monkeypatch.chdir(tmp_path)
    run = Run(base_folder=base, threads=1, grade="fast")
    train_version(
        _texts(OLD, 240, "a"), QUICK, tmp_path / "first", validation=_texts(OLD, 60, "bb"), run=run
    )  # fmt: skip
    settings = load_settings(data_dir=tmp_path / "var")
    with Database.open(settings.store_url) as database:
        registry_at = partial(
            Registry, database, settings.registry_url, settings.model_cache, shipped=tmp_path / "none"
        )  # fmt: skip
        first = registry_at(lambda: MADE).add(tmp_path / "first", "retrained")
        registry_at(lambda: MADE).promote(first.id, "It is the first.", "test")
        made = [
            Label(
                text=example.text,
                task="sentiment",
                label=NAMES[example.sentiment or 0],
                author="ada",
                created_at=NOW - timedelta(hours=1, seconds=n),
            )
            for n, example in enumerate(_texts(FRESH, 300, "ccc"))
        ]
        with database.write() as connection:
            labels.write_labels(connection, made)
        registry = registry_at(lambda: NOW)
        workshop = Workshop(
            trainer=VersionTrainer(QUICK, run),
            registry=registry,
            open_engine=partial(OpenVinoEngine, threads=1),
            when=RetrainingRules(new_labels=200, sample=100, old_per_new=1.0),
            what=JudgingRules(least_frozen=60, resamples=300, calibration_margin=0.3),
            old=_texts(OLD, 240, "a"),
            frozen=_texts(OLD, 90, "dddd"),
        )
        asked = _texts(FRESH, 90, "eeeee")
        assert _accuracy(registry.fetch(first.id), asked) < 0.7

        said = retrain(settings, database, NOW, workshop)

        assert "and promoted." in said
        champion = registry.champion("fast")
        assert champion is not None
        assert (champion.parent, champion.origin) == (first.id, "retrained")
        served = registry.fetch(champion.id)
        assert _accuracy(served, asked) > 0.9
        assert _accuracy(served, _texts(OLD, 90, "dddd")) > 0.9
        with database.read() as connection:
            (judgement,) = models.read_judgements(connection)
        assert (judgement.verdict, judgement.champion, judgement.candidate) == ("promoted", first.id, champion.id)
        assert registry.rollback("fast", "To see that one can.", "test").id == first.id
