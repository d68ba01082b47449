"""Sentences with a tag for each word, from CoNLL files: one word a line, a blank line after a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from monitor.errors import InputError

Scheme = Literal["iob1", "iob2", "bioes", "plain"]

_CHUNK = re.compile(r"([BIESLU])-(.+)")
_COMMENT = re.compile(r"#\s*(\w[\w.]*\s*=|id\s|newdoc\b|newpar\b)")
_DOCUMENT = "-DOCSTART-"
_BIOES = {"L": "E", "U": "S"}
"""Letters of BILOU, and those of BIOES that say the same."""


@dataclass(frozen=True)
class TaggedSentence:
    """Words, the tag of each, and the line of the first."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Conll:
    """A file's sentences.

    Attributes:
        sentences: In file order; tags are IOB2, whatever the file's were, or as they are where they mark no chunks.
        scheme: Of the file; "plain" for tags without B-, I- and the like, such as parts of speech.
    """

    sentences: tuple[TaggedSentence, ...]
    scheme: Scheme

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags that occur, O first and the others in order; with B-X there is always I-X."""
        found = {tag for sentence in self.sentences for tag in sentence.tags} - {"O"}
        if self.scheme != "plain":
            found |= {f"{letter}-{tag[2:]}" for tag in found for letter in "BI"}
            return ("O", *sorted(found, key=lambda tag: (tag[2:], tag[0])))
        return ("O", *sorted(found))


def read_conll(path: Path, word_column: int = 0, tag_column: int = -1) -> Conll:
    """Read a file.

    Columns are separated by tabs, or else by spaces. Lines that begin with -DOCSTART- separate documents and are left
    out, as are comments of CoNLL-U before a sentence's first word.

    Args:
        path: A UTF-8 text file.
        word_column: 0 for the first column, -1 for the last.
        tag_column: Likewise.

    Raises:
        InputError: Naming file, line and remedy: the file is missing, not UTF-8 or empty, a line lacks a column, or the
            tags follow no known scheme.
    """
    sentences = list(_sentences(path, word_column, tag_column))
    if not sentences:
        raise InputError(f"{path}: no words.", "Give a file with one word and its tag a line.")
    scheme = _scheme_of(path, sentences)
    convert = {"iob1": _from_iob1, "iob2": _from_iob2, "bioes": _from_bioes, "plain": _as_is}[scheme]
    return Conll(tuple(TaggedSentence(one.words, convert(path, one), one.line) for one in sentences), scheme)


def chunks(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """Entities in IOB2 tags: (type, first word, the word after the last).

    As conlleval has it, an I that follows no chunk of its type begins one: so are a model's answers read.

    >>> chunks(["B-ORG", "I-ORG", "O", "I-PER", "B-PER", "I-ORG"])
    [('ORG', 0, 2), ('PER', 3, 4), ('PER', 4, 5), ('ORG', 5, 6)]
    """
    found = list[tuple[str, int, int]]()
    begin, kind = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        goes_on = bool(kind) and tag == f"I-{kind}"
        if kind and not goes_on:
            found.append((kind, begin, place))
            kind = ""
        if tag != "O" and not goes_on:
            begin, kind = place, tag[2:]
    return found


def _sentences(path: Path, word_column: int, tag_column: int) -> Iterator[TaggedSentence]:
    words, tags, first = list[str](), list[str](), 0
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.startswith(_DOCUMENT):
            if words:
                yield TaggedSentence(tuple(words), tuple(tags), first)
                words, tags = [], []
            continue
        if not words and _COMMENT.match(line):
            continue
        columns = line.split("\t") if "\t" in line else line.split()
        try:
            word, tag = columns[word_column].strip(), columns[tag_column].strip()
        except IndexError:
            word = tag = ""
        if not word or not tag or len(columns) < 2:
            raise InputError(
                f"{path}, line {number}: {len(columns)} columns, and no word in column {word_column} or no tag in "
                f"column {tag_column}.",
                "Write a word and its tag, separated by a tab or a space, or name other columns.",
            )
        first = first if words else number
        words.append(word)
        tags.append(tag)
    if words:
        yield TaggedSentence(tuple(words), tuple(tags), first)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise InputError(f"{path}: no such file.", "Check the path.")
    try:
        return [line.rstrip("\r") for line in path.read_text(encoding="utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not readable as UTF-8 text: {error}.", "Save the file as UTF-8.") from error


def _scheme_of(path: Path, sentences: Sequence[TaggedSentence]) -> Scheme:
    """What the tags follow; a file whose chunks all begin with I is of IOB1, one whose all begin with B of IOB2."""
    marked = list[tuple[int, str]]()
    bare = list[tuple[int, str]]()
    for sentence in sentences:
        for place, tag in enumerate(sentence.tags):
            if tag != "O":
                (marked if _CHUNK.fullmatch(tag) else bare).append((sentence.line + place, tag))
    if not marked:
        return "plain"
    if bare:
        line, tag = bare[0]
        raise InputError(
            f"{path}, line {line}: the tag {tag!r} has no B- or I-, as {marked[0][1]!r} in line {marked[0][0]} has.",
            "Mark all chunks by one scheme: IOB1, IOB2 or BIOES.",
        )
    if any(tag[0] in "ESLU" for _, tag in marked):
        return "bioes"
    for sentence in sentences:
        for before, tag in zip(("O", *sentence.tags), sentence.tags, strict=False):
            if tag[0] == "I" and before[2:] != tag[2:]:
                return "iob1"
    return "iob2"


def _as_is(_path: Path, sentence: TaggedSentence) -> tuple[str, ...]:
    return sentence.tags


def _from_iob2(_path: Path, sentence: TaggedSentence) -> tuple[str, ...]:
    return sentence.tags


def _from_iob1(path: Path, sentence: TaggedSentence) -> tuple[str, ...]:
    """There, B only parts a chunk from one of the same type right before it."""
    converted = list[str]()
    for place, (before, tag) in enumerate(zip(("O", *sentence.tags), sentence.tags, strict=False)):
        if tag[0] == "B" and before[2:] != tag[2:]:
            raise InputError(
                f"{path}, line {sentence.line + place}: {tag!r} follows {before!r}, but other chunks of this file "
                "begin with I-.",
                "Begin all chunks with B- (IOB2), or only those that follow one of the same type (IOB1).",
            )
        begins = tag[0] == "B" or (tag != "O" and before[2:] != tag[2:])
        converted.append(f"B-{tag[2:]}" if begins else tag)
    return tuple(converted)


def _from_bioes(path: Path, sentence: TaggedSentence) -> tuple[str, ...]:
    converted, inside = list[str](), ""
    for place, tag in enumerate((*sentence.tags, "O")):
        letter, kind = _BIOES.get(tag[0], tag[0]), tag[2:]
        fits = letter in "IE" and kind == inside if inside else letter in "OBS"
        if not fits:
            end = place == len(sentence.tags)
            raise InputError(
                f"{path}, line {sentence.line + place - end}: "
                + (f"the chunk of {inside!r} has no end." if inside else f"{tag!r} follows no beginning of {kind!r}."),
                "Mark chunks of several words by B-, I- and E-, those of one word by S- (BIOES; or BILOU).",
            )
        inside = kind if letter in "BI" else ""
        converted.append({"E": "I-", "S": "B-", "O": ""}.get(letter, f"{letter}-") + (kind or "O"))
    return tuple(converted[:-1])
