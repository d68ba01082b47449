"""Bytes of unknown and often wrongly declared encoding as text; any bytes and any declaration give some text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE: Final = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"), (b"{\x00", "utf-16-le"), (b"\x00{", "utf-16-be"))
_WIDER: Final = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-11": "cp874", "tis-620": "cp874",
}  # fmt: skip
"""What is declared under the left name is written in the right one, as browsers know."""
_KNOWN: Final = frozenset(
    {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "gb18030", "hz", "big5hkscs",
     "cp932", "euc_jp", "iso2022_jp", "cp949", "cp874", "koi8-r", "koi8-u", "cp866", "mac-roman"}
    | {f"cp{number}" for number in range(1250, 1259)}
    | {f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
)  # fmt: skip
"""Encodings of text that are met in feeds; Python knows more (zip, punycode, UTF-7), which no stranger may choose."""
_SEVEN_BIT: Final = frozenset({"hz", "iso2022_jp"})
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_HEAD: Final = 2_048
_RUNS = re.compile(rb"[\x80-\xff]{2,}")


def decode(content: bytes, charset: str = "") -> str:
    """The text that the bytes most probably mean, without byte order mark.

    A byte order mark is believed first, or zeros that show two bytes a character; then UTF-8, where the bytes are valid
    in it, since other text hardly ever is by chance; then what the header and the document declare, where the bytes are
    valid in it; then UTF-8 with a few bytes spoilt; then a guess.

    Args:
        content: The bytes.
        charset: As the HTTP header declares; may be empty, unknown or wrong.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    wide = [name for start, name in _WIDE if content.startswith(start)]
    declared = list(_declared(content, charset))
    candidates = [*wide, *(name for name in declared if name in _SEVEN_BIT), "utf-8", *declared]
    for name in candidates:
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    spoilt = content.decode("utf-8", "replace")
    if _mostly_whole(spoilt):
        return spoilt
    return content.decode(next((name for name in declared if name != "utf-8"), _guess(content)), "replace")


def _declared(content: bytes, charset: str) -> Iterator[str]:
    head = content[:_HEAD]
    found = [pattern.search(head) for pattern in (_DECLARED, _META)]
    for said in (charset, *(match[1].decode() for match in found if match)):
        if name := _known(said):
            yield name


def _known(said: str) -> str:
    """The encoding to use for a declared name; empty where it is none."""
    try:
        name = codecs.lookup(said.strip().strip("\"'")).name if said.isascii() and "\x00" not in said else ""
    except (LookupError, ValueError):
        return ""
    name = _WIDER.get(name, name)
    return name if name in _KNOWN else ""


def _mostly_whole(text: str) -> bool:
    """Whether far more characters beyond ASCII were read than spoilt: a bad byte makes no other encoding."""
    spoilt = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) > 5 * spoilt


def _guess(content: bytes) -> str:
    """What bytes that are not UTF-8 look like: simplified Chinese, Russian, or else Western."""
    sample = content[:100_000]
    runs = _RUNS.findall(sample)
    beyond = sum(map(len, runs))
    pairs = [run[place] for run in runs for place in range(0, len(run) - 1, 2)]
    if 4 * beyond < 3 * sum(byte > 127 for byte in sample):
        # Single letters between others: accents, and quotation marks.
        return "cp1252"
    # The commoner half of Chinese characters begins with these bytes, lower-case Russian letters lie beyond them.
    return "gb18030" if 2 * sum(0xB0 <= lead <= 0xD7 for lead in pairs) > len(pairs) else "cp1251"
