"""Folders as an export writes them, with files of a few bytes: whole models to whoever only keeps them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from monitor.classify.labels import SENTIMENTS, TOPICS
from monitor.classify.manifest import Manifest, Temperatures, file_sha256, write_manifest
from monitor.classify.mentions import TAGS

FILES = ("model.xml", "model.bin", "tokenizer.json")


def model_folder(folder: Path, content: str, grade: str = "small", **changes: Any) -> Path:
    """A whole model folder; another content or grade makes another version."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text(f"{name} of {content}")
    fields: dict[str, Any] = {
        "grade": grade,
        "topics": TOPICS,
        "sentiments": SENTIMENTS,
        "tags": TAGS,
        "width": 384,
        "temperatures": Temperatures(topic=1.0, sentiment=1.1, target=1.2),
        "abstain_below": 0.5,
        "max_tokens": 128,
        "base_model": "tiny",
        "base_sha256": "0" * 64,
        "data_fingerprint": hashlib.sha256(content.encode()).hexdigest(),
        "recipe": {"epochs": 3, "seed": 7},
        "metrics": {"held out": {"n": 100, "accuracy": 0.875, "macro_f1": 0.75}},
        "files": {name: file_sha256(folder / name) for name in FILES},
    }
    write_manifest(folder, Manifest(**fields | changes))
    return folder
