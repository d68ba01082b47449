"""A tagger: an encoder with a head for one's own tags, its folder, and its answers for words and texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from monitor.classify.manifest import file_sha256
from monitor.errors import ModelError
from monitor.learning.data.batches import sorted_batches
from monitor.learning.data.conll import chunks
from monitor.learning.data.encoding import UNKNOWN
from monitor.learning.network.adapters import apply_method, load_trained
from monitor.learning.network.bases import BASES, WEIGHTS, Base, base_folder, base_named
from monitor.learning.network.model import load_encoder, load_tokenizer, pad
from monitor.learning.recipe import Recipe

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAPERS_NAME = "tagger.json"
FILES = ("weights.safetensors", "tokenizer.json")
_AGAIN = "Train it anew: monitor train-tags."
_WORD = re.compile(r"\w+|[^\w\s]")
_MARKS = 2
"""Tokens that every text has beside its own."""


class TaggerPapers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of tagger.json.

    Attributes:
        schema: Of this structure.
        tags: Names in output order.
        scheme: Of the file that it learnt from; answers are IOB2, or plain.
        base_model: The encoder it was made from.
        base_sha256: Of its weights.
        max_tokens: Longer sentences are tagged in pieces.
        recipe: The training settings.
        data_fingerprint: sha256 of the training sentences.
        metrics: Figures by set.
        files: sha256 of every other file, by name.
    """

    schema: Literal[1] = 1
    tags: tuple[str, ...]
    scheme: str
    base_model: str
    base_sha256: str
    max_tokens: int
    recipe: Recipe
    data_fingerprint: str
    metrics: dict[str, Any] = {}
    files: dict[str, str] = {}


class Entity(NamedTuple):
    """A stretch of text: characters [start, end), and its type."""

    start: int
    end: int
    text: str
    kind: str


class Piece(NamedTuple):
    """Part of a sentence that fits into the model.

    Attributes:
        ids: Token ids, marks included.
        firsts: Place of each word's first token; -1 for a word that has none.
        sentence: Its number.
        start: Number of its first word.
    """

    ids: list[int]
    firsts: list[int]
    sentence: int
    start: int


class TagModel(nn.Module):
    """An encoder with one linear head over its tokens."""

    def __init__(self, encoder: Any, tags: int, dropout: float) -> None:
        """Put an untrained head on an encoder.

        Args:
            encoder: A BERT or an MPNet.
            tags: How many.
            dropout: Share of features dropped before the head in training.
        """
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.tag_head = nn.Linear(encoder.config.hidden_size, tags)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[batch, tokens] token ids and mask to [batch, tokens, tags] logits."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits: Tensor = self.tag_head(self.dropout(states))
        return logits


class Tagger:
    """A trained tagger in its folder."""

    def __init__(self, model: TagModel, tokenizer: Tokenizer, papers: TaggerPapers, pad_id: int) -> None:
        self.model = model.eval()
        self.papers = papers
        self._tokenizer = tokenizer
        self._pad_id = pad_id

    @torch.no_grad()
    def tag(self, sentences: Sequence[Sequence[str]], batch_size: int = 32) -> list[list[str]]:
        """Tag words.

        Args:
            sentences: Words of each.
            batch_size: Sentences of a forward pass.

        Returns:
            A tag for each word; a word that the tokenizer has nothing for, such as a control character, is tagged O.
        """
        answers = [["O"] * len(words) for words in sentences]
        pieces = pieces_of(sentences, self._tokenizer, self.papers.max_tokens)
        device = self.model.tag_head.weight.device
        for places in sorted_batches([len(piece.ids) for piece in pieces], batch_size):
            members = [pieces[place] for place in places]
            ids, mask = pad([piece.ids for piece in members], self._pad_id)
            found = self.model(ids.to(device), mask.to(device)).argmax(dim=-1).cpu().tolist()  # [batch, tokens]
            for piece, tags in zip(members, found, strict=True):
                for word, first in enumerate(piece.firsts):
                    if first >= 0:
                        answers[piece.sentence][piece.start + word] = self.papers.tags[tags[first]]
        return answers

    def entities(self, text: str) -> list[Entity]:
        """Find the entities of a text; punctuation marks are words of their own.

        Raises:
            ModelError: The tags mark no chunks.
        """
        if self.papers.scheme == "plain":
            raise ModelError("these tags mark no entities.", "Ask for the tags of words.")
        spans = [found.span() for found in _WORD.finditer(text)]
        tags = self.tag([[text[start:end] for start, end in spans]])[0] if spans else []
        return [
            Entity(spans[first][0], spans[after - 1][1], text[spans[first][0] : spans[after - 1][1]], kind)
            for kind, first, after in chunks(tags)
        ]


def pieces_of(sentences: Sequence[Sequence[str]], tokenizer: Tokenizer, max_tokens: int) -> list[Piece]:
    """Tokenise sentences, those that are too long in pieces of whole words; a word longer than all is cut.

    Args:
        sentences: Words of each.
        tokenizer: Of the encoder.
        max_tokens: Of a piece, marks included.
    """
    tokenizer.no_truncation()
    found = list[Piece]()
    whole = tokenizer.encode_batch([list(words) for words in sentences], is_pretokenized=True)
    for number, (words, encoding) in enumerate(zip(sentences, whole, strict=True)):
        tokens = [list[int]() for _ in words]
        for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
            if word is not None:
                tokens[word].append(token)
        before, after = encoding.ids[0], encoding.ids[-1]  # [CLS] and [SEP], or <s> and </s>
        start, ids, firsts = 0, [before], list[int]()
        for place, own in enumerate(tokens):
            own = own[: max_tokens - _MARKS]  # noqa: PLW2901
            if len(ids) + len(own) + 1 > max_tokens:
                found.append(Piece([*ids, after], firsts, number, start))
                start, ids, firsts = place, [before], []
            firsts.append(len(ids) if own else -1)
            ids += own
        if firsts:
            found.append(Piece([*ids, after], firsts, number, start))
    return found


def targets_of(piece: Piece, tags: Sequence[int]) -> tuple[int, ...]:
    """The target of each token of a piece: a word's first token carries its tag, the others are unknown.

    Args:
        piece: Of a sentence.
        tags: Of all words of the sentence.
    """
    targets = [UNKNOWN] * len(piece.ids)
    for word, first in enumerate(piece.firsts):
        if first >= 0:
            targets[first] = tags[piece.start + word]
    return tuple(targets)


def find_base(name: str, local: Path | None) -> tuple[Base, Path, int]:
    """A base, its folder, and the token id of its padding; a folder that was named may hold one that is not pinned.

    Raises:
        ModelError: It is missing or changed.
    """
    if local is not None and name not in BASES:
        if not (local / WEIGHTS).is_file():
            raise ModelError(f"{local}: holds no {WEIGHTS}.", "Name the folder of an encoder.")
        base = Base(name=name, hub="", sha256=file_sha256(local / WEIGHTS), pad_id=-1, packages=())
    else:
        base = base_named(name)
    folder = base_folder(base, local)
    if base.pad_id >= 0:
        return base, folder, base.pad_id
    return base, folder, int(msgspec.json.decode((folder / "config.json").read_bytes())["pad_token_id"])


def load_tagger(folder: Path, local: Path | None = None) -> Tagger:
    """Load a tagger's folder.

    Args:
        folder: As `train_tagger` left it.
        local: Folder of its base's files; None looks for them.

    Raises:
        ModelError: A file is missing, changed or malformed, or the base is not the one it was made from.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        papers = msgspec.json.decode((folder / PAPERS_NAME).read_bytes(), type=TaggerPapers)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{folder / PAPERS_NAME}: cannot be read: {error}.", _AGAIN) from error
    for name in FILES:
        if not (folder / name).is_file() or file_sha256(folder / name) != papers.files.get(name):
            raise ModelError(f"{folder / name}: this file is missing or changed.", _AGAIN)
    base, base_files, pad_id = find_base(papers.base_model, local)
    if base.sha256 != papers.base_sha256:
        raise ModelError(f"{folder}: it was made from other weights of {base.name}.", "Name the folder of those.")
    model = TagModel(load_encoder(base_files), len(papers.tags), papers.recipe.dropout)
    apply_method(model, papers.recipe)
    try:
        load_trained(model, load_file(folder / FILES[0]))
    except SafetensorError as error:
        raise ModelError(f"{folder / FILES[0]}: not a file of weights: {error}.", _AGAIN) from error
    return Tagger(model, load_tokenizer(folder, papers.max_tokens), papers, pad_id)
