"""The one door to OpenVINO: it comes in without its telemetry."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


def import_openvino() -> ModuleType:
    """Import OpenVINO so that it can send no usage statistics.

    The `openvino` package imports `openvino_telemetry` if it can, and uses a stub that does nothing if it cannot; so do
    its tools and NNCF. Its opt-out is a file in the user's home, which is not ours to write. Marking the module as not
    importable, in this process only, takes the branch with the stub (the import system raises ModuleNotFoundError for
    a name whose entry in `sys.modules` is None).
    """
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    return importlib.import_module("openvino")
