"""Figures of a run, where tools can show them; nothing reports home. Needs the extra: train."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import psutil
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from monitor.errors import ModelError
from monitor.learning.training.loop import Progress, train
from monitor.learning.training.tracking import NoTracker, TensorBoardTracker, open_tracker, tracked
from tests.learning.tiny import RECIPE, tiny_base, tiny_model, tiny_rows

NAN = float("nan")


def test_tensorboard_has_a_runs_curves(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    seen = list[Progress]()
    tracker = open_tracker("tensorboard", tmp_path / "run", {"method": "full"})
    assert isinstance(tracker, TensorBoardTracker)
    rows = tiny_rows(base)
    train(tiny_model(base), rows, RECIPE, tracked(tracker, seen.append), pad_id=0, validation=rows[:8], report_every=9)
    tracker.close()
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    losses, judged = events.Scalars("train/loss"), events.Scalars("validation/loss")
    assert [event.step for event in losses] == list(range(9, 12 * 9 + 1, 9))
    assert losses[-1].value < losses[0].value
    assert [event.step for event in judged] == [epoch * 9 for epoch in range(1, 13)]
    assert len(events.Scalars("train/rate")) == len(seen) == 24
    assert events.Tags()["tensors"] == ["settings/text_summary"]


def test_a_run_need_not_be_tracked(tmp_path: Path) -> None:
    tracker = open_tracker("none", tmp_path / "run", {})
    assert isinstance(tracker, NoTracker)
    tracked(tracker)(Progress(1, 1, 2, 0.5, 0.1))
    tracker.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="needs the extra: wandb")
def test_weights_and_biases_offline_opens_no_connection(tmp_path: Path) -> None:
    contacted = list[object]()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo") and watching:
            contacted.append(arguments[1] if event == "socket.connect" else arguments[0])

    watching = True
    sys.addaudithook(hook)
    before = dict(os.environ)
    own = {child.pid for child in psutil.Process().children(recursive=True)}
    tracker = open_tracker("wandb", tmp_path / "run", {"method": "full"})
    try:
        for step in range(1, 4):
            tracker.log(step, {"train/loss": 1.0 / step, "validation/loss": NAN})
        started = [child for child in psutil.Process().children(recursive=True) if child.pid not in own]
        assert started
        for child in [psutil.Process(), *started]:
            assert [link.raddr for link in child.net_connections("inet") if link.raddr] == []
    finally:
        tracker.close()
        watching = False
    assert [address for address in contacted if not isinstance(address, str | bytes)] == []  # a string: a local socket
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in started)
    assert {key: value for key, value in os.environ.items() if key not in before} == {}


@pytest.mark.skipif(importlib.util.find_spec("wandb") is not None, reason="wandb is installed")
def test_a_missing_tracker_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"sentiment-monitor\[wandb\]"):
        open_tracker("wandb", tmp_path / "run", {})
