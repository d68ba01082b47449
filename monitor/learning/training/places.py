"""Where a run puts what it makes: refused before anything is read or trained, not after hours of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from monitor.errors import InputError

WEIGHTS_FOLDER = "weights"
"""Within a run's folder: the exact weights of a version that is served as int8, to go on from."""
_EPOCH = re.compile(r"epoch-(\d{4,})")


def epochs_kept(run_folder: Path) -> list[int]:
    """The epochs whose state a run's folder keeps, in any order."""
    names = [path.name for path in run_folder.iterdir()] if run_folder.is_dir() else []
    return [int(found.group(1)) for name in names if (found := _EPOCH.fullmatch(name))]


def require_places(
    out_folder: Path, papers: str, kind: str, run_folder: Path | None = None, *, resume: bool = False
) -> None:
    """Refuse places that cannot be used, or that a run would spoil for another one.

    Args:
        out_folder: Gets what is made, all at once; what was there is replaced.
        papers: Name of the file by which such a folder is known.
        kind: Of what is made: "model" or "tagger".
        run_folder: Keeps the run's state; None keeps nothing.
        resume: Go on from that state.

    Raises:
        InputError: Something else lies at `out_folder`, either folder cannot be made, or the run's would go with the
            other; there is a state that nobody asked for, or none to go on from.
    """
    _require_free(out_folder, papers, kind)
    if run_folder is None:
        if resume:
            raise InputError("--resume needs the folder that keeps the run.", "Name it: --run FOLDER.")
        return
    out, run = out_folder.resolve(), run_folder.resolve()
    if out in (run, *run.parents) or run / WEIGHTS_FOLDER in (out, *out.parents):
        raise InputError(
            f"{run_folder}: --run lies where --out is replaced at the end ({out_folder}).", "Name another folder."
        )
    _require_writable(run_folder, run)
    done = max(epochs_kept(run_folder), default=0)
    if done and not resume:
        raise InputError(
            f"{run_folder}: it keeps a run of {done} epochs.", "Go on with --resume, or name another folder."
        )
    if resume and not done:
        raise InputError(
            f"{run_folder}: it keeps no run to go on with.", "Name the run's folder, or begin without --resume."
        )


def _require_free(out_folder: Path, papers: str, kind: str) -> None:
    empty = out_folder.is_dir() and not any(out_folder.iterdir())
    if out_folder.exists() and not empty and not (out_folder / papers).is_file():
        raise InputError(f"{out_folder}: it is there and is no {kind}'s folder.", "Name another one, or remove it.")
    if out_folder.name in ("", ".."):
        raise InputError(f"{out_folder}: this folder cannot be replaced.", "Name one within it.")
    _require_writable(out_folder, out_folder.absolute().parent)


def _require_writable(place: Path, folder: Path) -> None:
    """Refuse a place where `folder`, or else the nearest above it that is there, cannot be written to."""
    above = next(path for path in (folder, *folder.parents) if path.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        fault = "is no folder" if not above.is_dir() else "cannot be written to"
        raise InputError(f"{place}: {above} {fault}.", "Name another one.")
