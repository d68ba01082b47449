"""JSON from strangers: half a sign in one text is no reason to refuse the rest."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")
_ESCAPE = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL)
ANYTHING: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()


def decode_json(text: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    r"""What JSON says; a lone half of a surrogate pair, as programs leave it that cut texts, is U+FFFD.

    >>> decode_json(rb'["a \ud83d", "\ud83d\ude80"]', ANYTHING)
    ['a \ufffd', '🚀']

    Args:
        text: UTF-8.
        decoder: Of what it should be.

    Raises:
        msgspec.DecodeError: It is no JSON, or not what it should be.
        UnicodeDecodeError: It is not UTF-8.
        RecursionError: It is too deep.
    """
    try:
        return decoder.decode(text)
    except msgspec.DecodeError:
        whole = _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], text)
        if whole == text:
            raise
        return decoder.decode(whole)
