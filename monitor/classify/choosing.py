"""Which engine runs a model: by what its folder holds and what this machine has."""

from __future__ import annotations

from pathlib import Path

from monitor.classify.engine import Engine
from monitor.classify.manifest import REBUILD
from monitor.classify.options import Compiling, Device, Precision
from monitor.errors import ModelError

GRAPH, WEIGHTS = "model.xml", "weights.safetensors"
"""A graph for OpenVINO on the CPU; weights for torch."""


def open_engine(
    folder: Path,
    threads: int = 0,
    device: Device = "auto",
    *,
    precision: Precision = "auto",
    compiling: Compiling = "off",
    base_folder: Path | None = None,
) -> Engine:
    """Load a model with the engine that it is made for.

    A graph runs on OpenVINO, weights run on torch. Of a folder that holds both, torch takes the weights where there is
    a GPU, and OpenVINO the graph where there is none.

    Args:
        folder: Holds manifest.json and the files it names.
        threads: CPU threads; 0 for as many as there are cores.
        device: "auto" takes a GPU if there is one and the model has weights; "cuda" insists on it.
        precision: See `TorchEngine`.
        compiling: Likewise.
        base_folder: Likewise.

    Raises:
        ModelError: The folder fails its checks, holds nothing that can run here, or torch is missing.
    """
    has_graph, has_weights = (folder / GRAPH).is_file(), (folder / WEIGHTS).is_file()
    if has_graph and (device == "cpu" or not has_weights or (device == "auto" and not _gpu_is_there())):
        if device == "cuda":
            raise ModelError(
                f"{folder}: holds a graph for the CPU and no weights for a GPU.", "Set classify.device to auto."
            )
        from monitor.classify.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(folder, threads=threads)
    if not has_weights:
        raise ModelError(f"{folder}: holds neither {GRAPH} nor {WEIGHTS}.", REBUILD)
    try:
        from monitor.classify.torch_engine import TorchEngine
    except ImportError as error:
        raise ModelError(
            f"{folder}: its weights need {error.name or 'torch'}, which is not installed.", "Install the extra `gpu`."
        ) from error
    try:
        return TorchEngine(
            folder,
            threads=threads,
            device=device,
            precision=precision,
            compiling=compiling,
            base_folder=base_folder,
        )
    except ImportError as error:  # what the base or the additions need is imported when it is met
        raise ModelError(
            f"{folder}: its weights need {error.name}, which is not installed.", "Install the extra `gpu`."
        ) from error


def _gpu_is_there() -> bool:
    """Asks torch, where it is installed: it takes seconds to import, so only where weights could use the answer."""
    try:
        from monitor.classify.torch_engine import gpu_is_there
    except ImportError:
        return False
    return gpu_is_there()
