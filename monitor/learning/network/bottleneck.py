"""Bottleneck adapters: small residual networks behind the linear layers of each block."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class Bottleneck(nn.Module):
    """A linear layer followed by a small residual network.

    Source: Houlsby et al., Parameter-Efficient Transfer Learning for NLP, ICML 2019, section 2. It starts as the
    identity: the upward projection is zero.
    """

    def __init__(self, layer: nn.Linear, width: int) -> None:
        """Put the network behind a layer, on the layer's device.

        Args:
            layer: Stays as it is.
            width: Of the bottleneck, in features.
        """
        super().__init__()
        self.layer = layer
        self.down = nn.Linear(layer.out_features, width, device=layer.weight.device)
        self.up = nn.Linear(width, layer.out_features, device=layer.weight.device)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, states: Tensor) -> Tensor:
        """Apply layer and addition; [..., in] to [..., out]."""
        states = self.layer(states)
        added: Tensor = self.up(nn.functional.gelu(self.down(states)))
        return states + added


def insert_bottlenecks(encoder: Any, width: int) -> None:
    """Put one behind each block's attention and one behind its feed-forward layer, in place.

    The layer norms that follow them are trained too, as the source does.

    Args:
        encoder: A BERT or an MPNet, frozen.
        width: Of each bottleneck, in features.
    """
    for block in encoder.encoder.layer:
        attention = block.attention
        if encoder.config.model_type == "mpnet":
            attention.attn.o = Bottleneck(attention.attn.o, width)
            attention.LayerNorm.requires_grad_(True)
        else:
            attention.output.dense = Bottleneck(attention.output.dense, width)
            attention.output.LayerNorm.requires_grad_(True)
        block.output.dense = Bottleneck(block.output.dense, width)
        block.output.LayerNorm.requires_grad_(True)
