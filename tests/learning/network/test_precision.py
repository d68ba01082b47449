"""Half precision only where the processor computes in it."""

from __future__ import annotations

import pytest
import torch

from monitor.learning.network.precision import autocast, computes_bf16

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("device", "capability", "halves"),
    [
        ("cpu", "AVX2", False),
        ("cpu", "AVX512", True),
        ("cpu", "SVE256", True),
        ("cuda", "AVX2", True),
        ("cpu", "DEFAULT", False),
        ("cpu", "NO AVX", False),
    ],
)
def test_bfloat16_is_for_processors_that_multiply_in_it(device: str, capability: str, halves: bool) -> None:
    assert computes_bf16(torch.device(device), capability) is halves


def test_a_product_is_computed_in_what_the_context_says() -> None:
    numbers = torch.ones(4, 4)
    with autocast(CPU, torch.bfloat16):
        assert (numbers @ numbers).dtype is (torch.bfloat16 if computes_bf16(CPU) else torch.float32)
    with autocast(CPU, torch.float32):
        assert (numbers @ numbers).dtype is torch.float32
