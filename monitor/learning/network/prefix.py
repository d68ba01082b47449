"""Prefix tuning: trained keys and values that every token of a text can look at, in every layer.

Source: Li and Liang, Prefix-Tuning: Optimizing Continuous Prompts for Generation, ACL 2021. Libraries inject the prefix
through the cache of keys and values that decoders have; encoders have none, so the attention itself is widened here.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from monitor.errors import ModelError

_PROJECTIONS = {"bert": ("query", "key", "value"), "mpnet": ("q", "k", "v")}


class PrefixedAttention(nn.Module):
    """The self-attention of a BERT or an MPNet over its text and a prefix.

    Attributes:
        keys: [heads, length, head width], trained.
        values: Likewise.
    """

    def __init__(self, attention: Any, kind: str, prefix_states: Tensor) -> None:
        """Widen an attention.

        Args:
            attention: Stays as it is; its projections and its dropout are used.
            kind: "bert" or "mpnet".
            prefix_states: [length, width], what enters this layer for the words that the prefix starts as.
        """
        super().__init__()
        self.attention = attention
        self.kind = kind
        self.heads = attention.num_attention_heads
        _, key, value = (getattr(attention, name) for name in _PROJECTIONS[kind])
        # An optimiser's moments lie as the weight does, and a checkpoint keeps them one after the other.
        self.keys = nn.Parameter(self._by_head(key(prefix_states)).clone(memory_format=torch.contiguous_format))
        self.values = nn.Parameter(self._by_head(value(prefix_states)).clone(memory_format=torch.contiguous_format))

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_bias: Tensor | None = None,
        **_: Any,
    ) -> tuple[Tensor, ...]:
        """Attend.

        Args:
            hidden_states: [batch, tokens, width].
            attention_mask: Broadcast to [batch, heads, tokens, tokens]; true where visible, or added to the scores.
            position_bias: [batch, heads, tokens, tokens], added to the scores (MPNet); a prefix has no position.

        Returns:
            What the plain attention returns; BERT's has the attention shares, [batch, heads, tokens, length + tokens].
        """
        query, key, value = (
            self._by_head(getattr(self.attention, name)(hidden_states)) for name in _PROJECTIONS[self.kind]
        )  # [batch, heads, tokens, head width]
        batch = hidden_states.shape[0]
        key = torch.cat([self.keys.expand(batch, -1, -1, -1).to(key.dtype), key], dim=2)
        value = torch.cat([self.values.expand(batch, -1, -1, -1).to(value.dtype), value], dim=2)
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.keys.shape[-1])
        for added in (position_bias, attention_mask):
            if added is not None:
                scores = scores + self._widened(added, scores)
        shares = self.attention.dropout(torch.softmax(scores, dim=-1))
        context = torch.matmul(shares, value).transpose(1, 2).flatten(2)  # [batch, tokens, width]
        return (self.attention.o(context),) if self.kind == "mpnet" else (context, shares)

    def _by_head(self, states: Tensor) -> Tensor:
        """[..., tokens, width] to [..., heads, tokens, head width]."""
        return states.view(*states.shape[:-1], self.heads, -1).transpose(-3, -2)

    def _widened(self, added: Tensor, scores: Tensor) -> Tensor:
        """What is added to the scores, with nothing added to those of the prefix."""
        if added.dtype == torch.bool:
            added = torch.zeros_like(added, dtype=scores.dtype).masked_fill(~added, torch.finfo(scores.dtype).min)
        return nn.functional.pad(added, (self.keys.shape[1], 0))


@torch.no_grad()
def insert_prefixes(encoder: Any, length: int) -> None:
    """Give every layer a prefix, in place; it starts as the activations of random words (section 7.4 of the source).

    Args:
        encoder: A BERT or an MPNet, frozen.
        length: Of the prefix, in tokens.

    Raises:
        ModelError: The prefix is longer than a text can be.
    """
    most = encoder.config.max_position_embeddings - 2
    if length > most:
        raise ModelError(f"a prefix of {length} is longer than the {most} tokens of a text.", "Give a smaller rank.")
    device = encoder.embeddings.word_embeddings.weight.device
    training = encoder.training
    encoder.eval()
    words = torch.randint(encoder.config.vocab_size, (1, length)).to(device)
    states = encoder(input_ids=words, attention_mask=torch.ones_like(words), output_hidden_states=True).hidden_states
    kind = encoder.config.model_type
    place = "attn" if kind == "mpnet" else "self"
    for block, entering in zip(encoder.encoder.layer, states[:-1], strict=True):
        widened = PrefixedAttention(getattr(block.attention, place), kind, entering[0])
        setattr(block.attention, place, widened)
    encoder.train(training)
