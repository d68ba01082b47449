"""The manifest of a model that ships with the monitor: the store knows only those that were added to its registry."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from monitor.classify.manifest import MANIFEST_NAME, Manifest


@cache
def shipped_papers(version: str) -> dict[str, Any] | None:
    """The manifest's content of the shipped model of that version; None where no such version ships."""
    place = files("monitor") / "models" / version.rpartition("-")[0] / MANIFEST_NAME
    try:
        content = place.read_bytes()
        if msgspec.json.decode(content, type=Manifest).model_version != version:
            return None
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    papers: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    return papers
