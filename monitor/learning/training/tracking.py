"""Where a run's figures go: TensorBoard files by default, Weights & Biases by choice; neither reports home."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from monitor.errors import ModelError
from monitor.learning.training.loop import Progress

Kind = Literal["tensorboard", "wandb", "none"]

_EXTRA = "Install it: pip install 'sentiment-monitor[{}]', or track by another means."
WANDB_QUIET = {
    # Without these, it would report faults and usage of its own, look at the machine, and read the git history.
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_SILENT": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_DISABLE_TELEMETRY": "true",
    "OTEL_SDK_DISABLED": "true",
    "DO_NOT_TRACK": "1",
}


class Tracker(Protocol):
    """Keeps figures by step."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keeps the figures of a step; those that are not numbers are left out."""
        ...

    def close(self) -> None:
        """Writes what is not written yet."""
        ...


class NoTracker:
    """Keeps nothing."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


class TensorBoardTracker:
    """Writes event files: `tensorboard --logdir FOLDER` shows them."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Begin a file.

        Args:
            folder: Gets it.
            settings: Written first, as a table.

        Raises:
            ModelError: tensorboard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ModelError("tensorboard is not installed.", _EXTRA.format("train")) from error
        self._writer = SummaryWriter(str(folder))
        table = ["| setting | value |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in settings.items())]
        self._writer.add_text("settings", "\n".join(table))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keeps the figures of a step."""
        for name, value in _numbers(values).items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Writes what is not written yet."""
        self._writer.close()


class WandbTracker:
    """Writes a run of Weights & Biases, offline unless told otherwise: `wandb sync` takes it to a server later."""

    def __init__(self, folder: Path, project: str, name: str, settings: Mapping[str, Any], *, offline: bool) -> None:
        """Begin a run.

        Args:
            folder: Gets the run's files.
            project: Of the run.
            name: Of the run.
            settings: Recorded with it, such as the recipe.
            offline: Nothing leaves this machine. Otherwise the figures and the settings go to the server that wandb is
                logged in to, but no text and no weights.

        Raises:
            ModelError: wandb is not installed, or the server does not take the run.
        """
        folder.mkdir(parents=True, exist_ok=True)
        previous = {key: os.environ.get(key) for key in WANDB_QUIET}
        os.environ.update(WANDB_QUIET)  # its own process inherits them when it starts, in init
        try:
            import wandb

            self._run = wandb.init(
                project=project,
                name=name,
                dir=str(folder),
                config=dict(settings),
                mode="offline" if offline else "online",
                settings=wandb.Settings(
                    x_disable_stats=True, x_disable_meta=True, x_disable_machine_info=True, x_save_requirements=False
                ),
            )
        except ImportError as error:
            raise ModelError("wandb is not installed.", _EXTRA.format("wandb")) from error
        except wandb.errors.Error as error:
            raise ModelError(f"Weights & Biases: {error}.", "Log in with: wandb login, or stay offline.") from error
        finally:
            _restore(previous)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keeps the figures of a step."""
        self._run.log(_numbers(values), step=step)

    def close(self) -> None:
        """Writes what is not written yet, and ends wandb's process."""
        import wandb

        self._run.finish()
        wandb.teardown()


def open_tracker(
    kind: Kind, folder: Path, settings: Mapping[str, Any], *, project: str = "sentiment-monitor", offline: bool = True
) -> Tracker:
    """Begin to track a run.

    Args:
        kind: By what.
        folder: Of the run; its name is the run's.
        settings: Recorded with the run where the tracker can.
        project: For Weights & Biases.
        offline: Likewise.

    Raises:
        ModelError: The tracker's package is not installed, or its server does not take the run.
    """
    if kind == "tensorboard":
        return TensorBoardTracker(folder / "tensorboard", settings)
    if kind == "wandb":
        return WandbTracker(folder, project, folder.name, settings, offline=offline)
    return NoTracker()


def tracked(tracker: Tracker, then: Callable[[Progress], None] = lambda _: None) -> Callable[[Progress], None]:
    """Return what the training loop can report to: it logs loss, rate and epoch by step, then calls `then`."""

    def report(progress: Progress) -> None:
        values = {"train/loss": progress.loss, "train/rate": progress.rate, "train/epoch": float(progress.epoch)}
        if progress.validation_loss is not None:
            values["validation/loss"] = progress.validation_loss
        tracker.log(progress.step, values)
        then(progress)

    return report


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _restore(previous: Mapping[str, str | None]) -> None:
    for key, value in previous.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
