"""One encoder, all answers in one pass: topic, sentiment, mentions with the sentiment toward each, two vectors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from monitor.classify.labels import Labels
from monitor.errors import ModelError
from monitor.learning.network.bases import WEIGHTS, Base, base_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Weight = TypeVar("Weight")


class Outputs(NamedTuple):
    """What one pass says of a batch; logits before calibration.

    Attributes:
        topic: [batch, topics].
        sentiment: [batch, sentiments].
        tags: [batch, tokens, tags].
        targets: [batch, tokens, sentiments]: the sentiment toward what a token belongs to; a mention's logits are the
            mean over its tokens.
        embedding: [batch, width], of length 1: what the text is about, as the untouched base says it.
        story: [batch, width], of length 1: near that of another text only where both tell of the same event.
    """

    topic: Tensor
    sentiment: Tensor
    tags: Tensor
    targets: Tensor
    embedding: Tensor
    story: Tensor


class Classifier(nn.Module):
    """A sentence encoder with a head for each answer.

    Fine-tuning bends the space in which the base measures likeness. So the embedding is not the pooled last layer
    itself but a linear map of the pooled states of three depths, trained to give what the untouched base gives; the
    lower layers still hold most of it. The story vector is read off the same states by a map of its own: the next step
    of an affair is about the same as the step before, and must lie far from it.
    """

    def __init__(self, encoder: nn.Module, width: int, depth: int, labels: Labels, dropout: float = 0.1) -> None:
        """Put untrained heads on an encoder.

        Args:
            encoder: Called with input_ids, attention_mask and output_hidden_states; gives hidden_states, one
                [batch, tokens, width] for the embeddings and for each layer.
            width: Size of the encoder's hidden states.
            depth: Number of its layers.
            labels: Decide the sizes of the heads.
            dropout: Share of features dropped before the heads in training.
        """
        super().__init__()
        self.encoder = encoder
        self.readouts = (depth // 3, 2 * depth // 3, depth)
        self.dropout = nn.Dropout(dropout)
        self.topic_head = nn.Linear(width, len(labels.topics))
        self.sentiment_head = nn.Linear(width, len(labels.sentiments))
        self.tag_head = nn.Linear(width, len(labels.tags))
        self.target_token = nn.Linear(width, width // 2)
        self.target_whole = nn.Linear(width, width // 2, bias=False)
        self.target_head = nn.Linear(width // 2, len(labels.sentiments))
        self.embedding_head = nn.Linear(width * len(self.readouts), width, bias=False)
        self.story_head = nn.Linear(width * len(self.readouts), width, bias=False)
        with torch.no_grad():  # both begin as the base's own embedding: the pooled last layer
            for head in (self.embedding_head, self.story_head):
                head.weight.zero_()
                head.weight[:, -width:] = torch.eye(width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Outputs:
        """Answer for a batch.

        Args:
            input_ids: [batch, tokens].
            attention_mask: [batch, tokens], 1 for a token, 0 for padding.
        """
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        ).hidden_states  # depth + 1 of [batch, tokens, width]
        weights = attention_mask.unsqueeze(-1).to(states[-1].dtype)  # [batch, tokens, 1]
        weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1.0)
        readings = [(states[place] * weights).sum(dim=1) for place in self.readouts]  # [batch, width] each
        last, pooled = self.dropout(states[-1]), self.dropout(readings[-1])
        read = torch.cat(readings, dim=-1)  # [batch, depths * width]
        toward = nn.functional.gelu(self.target_token(last) + self.target_whole(pooled).unsqueeze(1))
        return Outputs(
            topic=self.topic_head(pooled),
            sentiment=self.sentiment_head(pooled),
            tags=self.tag_head(last),
            targets=self.target_head(toward),
            embedding=nn.functional.normalize(self.embedding_head(read), dim=-1),
            story=nn.functional.normalize(self.story_head(read), dim=-1),
        )


def load_encoder(folder: Path) -> Any:
    """Build a base's encoder from its folder, without its pooling layer.

    Raises:
        ModelError: The architecture is none of those known here.
    """
    import json

    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

    kinds: dict[str, tuple[Any, Any]] = {"bert": (BertConfig, BertModel), "mpnet": (MPNetConfig, MPNetModel)}
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if kind not in kinds:
        raise ModelError(f"{folder / 'config.json'}: model_type {kind!r} is not supported.", "Use: " + ", ".join(kinds))
    config, architecture = kinds[kind]
    encoder = architecture(config.from_json_file(folder / "config.json"), add_pooling_layer=False)
    weights = load_file(folder / WEIGHTS)
    wanted = {name: tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
    wanted.pop("embeddings.position_ids", None)  # a buffer in old releases, a constant in new ones
    encoder.load_state_dict(wanted)
    return encoder


def load_base(base: Base, labels: Labels, dropout: float = 0.1, local: Path | None = None) -> Classifier:
    """Put fresh heads on a base encoder.

    Args:
        base: Which.
        labels: Decide the sizes of the heads.
        dropout: Share of features dropped before the heads in training.
        local: See `base_folder`.

    Raises:
        ModelError: The base is missing or changed.
    """
    encoder = load_encoder(base_folder(base, local))
    return Classifier(encoder, encoder.config.hidden_size, encoder.config.num_hidden_layers, labels, dropout)


def with_story_head(weights: Mapping[str, Weight]) -> dict[str, Weight]:
    """Weights by name, with a head for each vector where there is one for both.

    Models from before the story vector have the embedding's alone, and a graph keeps one of two that are the same.

    >>> with_story_head({"embedding_head.weight": 1})
    {'embedding_head.weight': 1, 'story_head.weight': 1}
    """
    names = ("embedding_head.weight", "story_head.weight")
    shared = next((weights[name] for name in names if name in weights), None)
    return dict(weights) if shared is None else {**dict.fromkeys(names, shared), **weights}


def load_tokenizer(folder: Path, max_tokens: int) -> Tokenizer:
    """Return the tokenizer of a folder, truncating at `max_tokens` and not padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def pad(rows: list[list[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Return token ids and attention mask [batch, longest row]."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [pad_id] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def base_embeddings(outputs: Any, mask: Tensor) -> Tensor:
    """What an untouched base says: its mean-pooled last layer at length 1, [batch, width]."""
    weights = mask.unsqueeze(-1).to(outputs.last_hidden_state.dtype)
    pooled = (outputs.last_hidden_state * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
    return nn.functional.normalize(pooled.float(), dim=-1)
