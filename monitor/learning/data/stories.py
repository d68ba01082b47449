"""Stories as they are learnt and judged: texts of one event, and of others that could be taken for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from monitor.classify.text import prepare_text
from monitor.errors import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class StoryText(msgspec.Struct, frozen=True):
    """One text.

    Attributes:
        story: Texts of one story tell of the same event.
        text: As a source would send it.
        kind: "original", "wire_edit", "rewrite", "numbers", "added_lead", "truncated" or "lookalike".
        split: What it is for.
        resembles: Of a look-alike: the story that it could be taken for; empty otherwise.
    """

    story: str
    text: str
    kind: str = "original"
    split: str = ""
    resembles: str = ""


Family = Sequence[StoryText]
"""A story's texts and those of all that resemble it."""


@dataclass(frozen=True)
class EncodedFamily:
    """A family, ready for the model.

    Attributes:
        rows: Token ids of each text.
        stories: Number of each text's story, the same in no other family.
    """

    rows: list[list[int]]
    stories: list[int]


def read_stories(path: Path) -> list[StoryText]:
    """The texts of a JSONL file, in its order.

    Raises:
        InputError: It cannot be read, or a line of it is no such text.
    """
    decoder = msgspec.json.Decoder(StoryText)
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.", "Name a file of stories.") from error
    found = list[StoryText]()
    for number, line in enumerate(lines, start=1):
        try:
            found.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise InputError(f"{path}, line {number}: {error}.", "Give each line a story and a text.") from error
    return found


def families(texts: Iterable[StoryText]) -> list[Family]:
    """Texts with what resembles them, in the order in which each family is first met.

    >>> one = StoryText("a", "x"), StoryText("b", "y", resembles="a"), StoryText("c", "z")
    >>> [[text.story for text in family] for family in families(one)]
    [['a', 'b'], ['c']]
    """
    found: dict[str, list[StoryText]] = defaultdict(list)
    for text in texts:
        found[text.resembles or text.story].append(text)
    return list(found.values())


def encode_families(given: Sequence[Family], tokenizer: Tokenizer) -> list[EncodedFamily]:
    """Tokenise families.

    Args:
        given: Of raw texts.
        tokenizer: Truncating, not padding.
    """
    numbers: dict[tuple[int, str], int] = {}
    found = list[EncodedFamily]()
    for place, family in enumerate(given):
        encodings = tokenizer.encode_batch([prepare_text(text.text) for text in family])
        stories = [numbers.setdefault((place, text.story), len(numbers)) for text in family]
        found.append(EncodedFamily([encoding.ids for encoding in encodings], stories))
    return found
