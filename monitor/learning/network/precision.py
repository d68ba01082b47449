"""In what arithmetic an encoder computes: half precision where the processor has it; emulated it is far slower."""

from __future__ import annotations

import torch

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
_WITHOUT_BF16 = ("DEFAULT", "NO AVX", "AVX2")
"""Capabilities of CPUs, as torch names them, that emulate bfloat16."""


def computes_bf16(device: torch.device, capability: str | None = None) -> bool:
    """Whether a device multiplies in bfloat16 faster than in single precision.

    A CPU without AVX-512 converts every number back and forth: products of the size of an encoder's took seven times as
    long on an AVX2 machine as in single precision.

    Args:
        device: Where the model lies.
        capability: Of the CPU, such as "AVX2" or "AVX512"; None: of this one.

    >>> computes_bf16(torch.device("cpu"), "AVX2"), computes_bf16(torch.device("cpu"), "AVX512")
    (False, True)
    """
    if device.type != "cpu":
        return True
    return (capability or torch.backends.cpu.get_cpu_capability()) not in _WITHOUT_BF16


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """A context in which a model's products are computed so; in single precision where bfloat16 would be emulated.

    Args:
        device: Where the model lies.
        precision: One of `PRECISIONS`.
    """
    half = precision is not torch.float32 and (precision is not torch.bfloat16 or computes_bf16(device))
    return torch.autocast(device.type, dtype=precision if half else torch.bfloat16, enabled=half)
