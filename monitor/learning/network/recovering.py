"""Float weights out of a static int8 graph, so that training can go on from any version, the shipped one included.

The graph keeps the module's path in the names of its operations. A matrix is kept as whole numbers with a scale for
each row, and NNCF's smoothing has moved a factor per column from the activations into it; both are undone. What is lost
is the rounding to 8 bits, which the first steps of training mend.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from monitor.classify.openvino_runtime import import_openvino
from monitor.errors import ModelError
from monitor.learning.network.model import Classifier, with_story_head

Floats = npt.NDArray[np.float32]

_OPERATION = re.compile(
    r"^__module\.(?P<path>[\w.]+)/aten::(?P<kind>linear|embedding|layer_norm)/(?P<what>MatMul|Add|Gather|Multiply_1)$"
)
_PARAMETER = {
    ("linear", "MatMul"): "weight",
    ("linear", "Add"): "bias",
    ("embedding", "Gather"): "weight",
    ("layer_norm", "Multiply_1"): "weight",
    ("layer_norm", "Add"): "bias",
}


def recover_weights(model: Classifier, graph_path: Path) -> None:
    """Load a graph's weights into a model of the same architecture, in place.

    Args:
        model: With plain layers, as `load_base` returns it.
        graph_path: A model.xml that `export_model` wrote.

    Raises:
        ModelError: The graph lacks a weight of the model, or has one of another shape.
    """
    graph = import_openvino().Core().read_model(graph_path)
    found = dict[str, Floats]()
    for operation in graph.get_ordered_ops():
        match = _OPERATION.match(operation.get_friendly_name())
        if match and (parameter := _PARAMETER.get((match["kind"], match["what"]))):
            values = _weight(operation, 0 if parameter == "weight" and match["kind"] == "embedding" else None)
            if values is not None:
                found[f"{match['path']}.{parameter}"] = values
    _load(model, with_story_head(found), graph_path)


def _load(model: Classifier, found: dict[str, Floats], graph_path: Path) -> None:
    for name, parameter in model.named_parameters():
        values = found.get(name)
        if values is None or values.size != parameter.numel():
            raise ModelError(
                f"{graph_path}: the weight {name} cannot be read back from the graph.",
                "Go on from a folder with weights.safetensors, such as a run's, or train from the base.",
            )
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(values.reshape(tuple(parameter.shape)).astype(np.float32)))


def _weight(operation: Any, place: int | None) -> Floats | None:
    """The constant that an operation takes, at an input or at whichever is one; smoothing undone."""
    count = len(operation.inputs())
    for number in range(count) if place is None else (place,):
        values = _constant(operation.input_value(number).get_node())
        if values is not None:
            return values if operation.get_type_name() != "MatMul" else values * _smoothing(operation, 1 - number)
    return None


def _constant(node: Any) -> Floats | None:
    """The value of a node that depends on constants alone, by the few operations that weights pass."""
    kind = node.get_type_name()
    if kind == "Constant":
        return np.array(node.get_data(), dtype=np.float32)
    if kind not in ("Convert", "Multiply", "Subtract"):
        return None
    parts = [_constant(node.input_value(number).get_node()) for number in range(len(node.inputs()))]
    first = parts[0]
    if first is None or any(part is None for part in parts):
        return None
    if kind == "Convert":
        return first
    second: Any = parts[1]
    values: Floats = first * second if kind == "Multiply" else first - second
    return values


def _smoothing(operation: Any, number: int) -> Floats:
    """The factors by which NNCF multiplied the activations of a product: [columns], or 1."""
    node = operation.input_value(number).get_node()
    while node.get_type_name() in ("FakeQuantize", "Convert"):
        node = node.input_value(0).get_node()
    if node.get_type_name() == "Multiply" and "smooth_quant" in node.get_friendly_name():
        factors = _constant(node.input_value(1).get_node())
        if factors is not None:
            return factors.reshape(-1)
    return np.ones(1, dtype=np.float32)
