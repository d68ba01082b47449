"""MinHash over word shingles: signatures of 64 bytes by which texts that share most of their words are told.

The share of places at which two signatures agree estimates the Jaccard similarity of the sets of three-word sequences
of two texts, with a standard deviation of .06 at most. Of each minimum one byte is kept, as two different minima have
the same byte once in 256 times only. Sources: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3; Li,
Koenig 2010, b-bit minwise hashing.

Nothing here depends on the machine or on a library's random numbers: signatures are kept and compared for ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from monitor.classify.text import prepare_text

SHINGLE_WORDS: Final = 3
PLACES: Final = 64
"""Minima of a signature, a byte each."""

BODY_CHARACTERS: Final = 600
"""Of a body, what is signed: copies share their lead, and are cut at any place after it."""

_WORD: Final = re.compile(r"[^\W_]+")

Hashes = npt.NDArray[np.uint64]
Minima = npt.NDArray[np.uint64]

_GOLDEN: Final = 0x9E3779B97F4A7C15
_WORD_64: Final = (1 << 64) - 1


def _mixed(value: int) -> int:
    """SplitMix64's finaliser: a bijection of 64 bits that looks random (Steele, Lea, Flood 2014)."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD_64
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD_64
    return value ^ value >> 31


_SLOPES: Final = np.array([_mixed(_GOLDEN * (2 * i + 1) & _WORD_64) | 1 for i in range(PLACES)], dtype=np.uint64)
_OFFSETS: Final = np.array([_mixed(_GOLDEN * (2 * i + 2) & _WORD_64) for i in range(PLACES)], dtype=np.uint64)
_SPREAD: Final = np.uint64(_GOLDEN)
_TOP_BYTE: Final = np.uint64(56)
_HALF: Final = np.uint64(32)


def shingles_of(title: str, body: str = "") -> bytes:
    """The signature of an article; empty where it has no words.

    URLs, markup, case and punctuation do not matter.

    >>> shingles_of("Acme recalls ovens after fires!") == shingles_of("ACME recalls ovens after fires")
    True
    >>> shingles_of("https://example.org/only-a-link")
    b''
    """
    words = _WORD.findall(prepare_text(f"{title} {body[:BODY_CHARACTERS]}" if body else title).casefold())
    return signature(minima(shingle_hashes(words))) if words else b""


def shingle_hashes(words: Sequence[str]) -> Hashes:
    """The 32-bit hashes of all sequences of three words [shingles]; of fewer words than three, of them together."""
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    values = [crc32(" ".join(words[start : start + SHINGLE_WORDS]).encode()) for start in range(last)]
    return np.array(values, dtype=np.uint64)


def minima(hashes: Hashes) -> Minima:
    """The least value of each of 64 random functions over a set of hashes [64]."""
    # A multiplication keeps low bits among themselves: their upper halves are compared, and spread once more.
    table = hashes[:, None] * _SLOPES
    table += _OFFSETS
    table >>= _HALF
    values: Minima = np.minimum.reduce(table, axis=0)
    return values


def signature(values: Minima) -> bytes:
    """One byte of each minimum."""
    return ((values * _SPREAD) >> _TOP_BYTE).astype(np.uint8).tobytes()


def similarities(mine: bytes, others: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Estimates the Jaccard similarity of one text to others, in [0, 1]; 0 where either has no signature.

    Args:
        mine: As `shingles_of` returns it.
        others: Likewise; those of another length count as none.

    Returns:
        [others].
    """
    if not mine or not others:
        return np.zeros(len(others))
    width = len(mine)
    known = others if set(map(len, others)) == {width} else [each if len(each) == width else b"" for each in others]
    table = np.frombuffer(b"".join([each or bytes(width) for each in known]), dtype=np.uint8)
    same = table.reshape(len(known), width) == np.frombuffer(mine, dtype=np.uint8)
    estimates: npt.NDArray[np.float64] = _estimates(width)[np.add.reduce(same, axis=1, dtype=np.intp)]
    if known is not others:
        estimates[[not each for each in known]] = 0.0
    return estimates


@lru_cache(maxsize=8)
def _estimates(width: int) -> npt.NDArray[np.float64]:
    """By how many of so many places agree, the similarity: what agrees by chance is taken off."""
    agreeing = np.arange(width + 1) / width
    estimates: npt.NDArray[np.float64] = np.clip((agreeing - 1 / 256) / (1 - 1 / 256), 0.0, 1.0)
    return estimates
