"""Which engine runs what. Needs the extra: train."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.classify.choosing import open_engine
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.classify.torch_engine import TorchEngine
from monitor.errors import ModelError
from monitor.learning.network.export import export_model
from monitor.learning.network.model import load_tokenizer
from tests.classify.tiny_folders import MAX_TOKENS, adapted, weights_folder
from tests.learning.tiny import tiny_base

TEXTS = ["oil falls", "gold rises", "euro waits", "dividend meets", "votes"] * 4


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def weights(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights_folder(tmp_path_factory.mktemp("weights") / "tiny", base, adapted(base, 3))


@pytest.fixture(scope="module")
def graph(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph") / "tiny"
    export_model(adapted(base, 3), load_tokenizer(base, MAX_TOKENS), TEXTS, folder, MAX_TOKENS)
    return weights_folder(folder, base, adapted(base, 3))


def test_weights_run_on_torch(weights: Path, base: Path) -> None:
    assert isinstance(open_engine(weights, 1, "cpu", base_folder=base), TorchEngine)


def test_a_graph_runs_on_openvino_and_where_there_are_weights_too_the_device_decides(graph: Path, base: Path) -> None:
    assert isinstance(open_engine(graph, 1, "cpu", base_folder=base), OpenVinoEngine)
    (graph / "weights.safetensors").rename(graph / "aside")
    try:
        for device in ("auto", "cuda"):
            # The manifest misses its weights: whichever engine was chosen, it is that one that complains.
            with pytest.raises(ModelError, match="missing" if device == "auto" else "no weights for a GPU"):
                open_engine(graph, 1, device)
    finally:
        (graph / "aside").rename(graph / "weights.safetensors")


def test_a_folder_with_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"neither model\.xml nor weights\.safetensors"):
        open_engine(tmp_path)


WITHOUT_TORCH = """
import sys
from pathlib import Path
sys.modules["torch"] = None
from monitor.classify.choosing import open_engine
from monitor.errors import ModelError
try:
    open_engine(Path(sys.argv[1]))
except ModelError as error:
    print(error)
"""


def test_where_torch_is_missing_it_says_what_to_install(weights: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(weights)], capture_output=True, text=True, check=False, timeout=120
    )
    assert "its weights need torch, which is not installed. Install the extra `gpu`." in done.stdout, done.stderr
