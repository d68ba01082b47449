"""Content codings of HTTP, undone piece by piece: a few bytes that stand for gigabytes are never unpacked whole."""

from __future__ import annotations

import zlib
from typing import Final

ACCEPT_ENCODING: Final = "gzip, deflate"
"""What is offered. Brotli and Zstandard are not: their unpackers would be two more that hostile bytes can reach."""

_STEP: Final = 65_536
_MAX_MEMBERS: Final = 100
"""Parts of one gzip stream; empty ones by the thousand cost time and yield nothing."""
_ANY_HEADER: Final = 32 + zlib.MAX_WBITS
_GZIP: Final = frozenset({"gzip", "x-gzip"})


class TooLargeError(ValueError):
    """The content is larger than it may be."""


class BadCodingError(ValueError):
    """The content is not coded as its header says, or ends too early."""


class ContentDecoder:
    """Undoes one coding.

    >>> decoder = ContentDecoder("gzip", max_bytes=100)
    >>> import gzip
    >>> decoder.decode(gzip.compress(b"up 3%")) + decoder.finish()
    b'up 3%'
    """

    def __init__(self, coding: str, max_bytes: int) -> None:
        """Begins.

        Args:
            coding: A `Content-Encoding`; empty for none.
            max_bytes: Of content, and of what it is coded in.

        Raises:
            BadCodingError: It is not one that was offered.
        """
        names = [name for part in coding.lower().split(",") if (name := part.strip()) not in ("", "identity")]
        if len(names) > 1:
            raise BadCodingError(f"it is coded {len(names)} times over")
        self._name = names[0] if names else ""
        if self._name and self._name != "deflate" and self._name not in _GZIP:
            raise BadCodingError(f"it is coded in {self._name[:20]!r}, which was not asked for")
        self._max_bytes = max_bytes
        self._taken = self._given = self._members = 0
        self._inflate: zlib._Decompress | None = None
        self._done = False

    def announce(self, size: int) -> None:
        """Hears how many bytes will come.

        Raises:
            TooLargeError: More than may.
        """
        if size > self._max_bytes:
            raise TooLargeError

    def decode(self, data: bytes) -> bytes:
        """The content of the next bytes.

        Raises:
            TooLargeError: It would be more than allowed; what is too much has not been unpacked.
            BadCodingError: The bytes are not what they are said to be.
        """
        self._taken += len(data)
        if self._taken > self._max_bytes:
            raise TooLargeError
        if not self._name:
            return data
        pieces = []
        try:
            while data and not self._done:
                data, piece = self._inflate_some(data)
                pieces.append(piece)
        except zlib.error as error:
            raise BadCodingError(f"it is no {self._name}") from error
        return b"".join(pieces)

    def finish(self) -> bytes:
        """Ends; whatever is left.

        Raises:
            BadCodingError: Something is missing at the end.
        """
        if self._inflate is None or self._done:
            return b""
        # What the unpacker still held back is a few kilobytes at most.
        rest = self._inflate.flush()
        if not self._inflate.eof:
            raise BadCodingError(f"its {self._name} ends too early")
        if self._given + len(rest) > self._max_bytes:
            raise TooLargeError
        return rest

    def _inflate_some(self, data: bytes) -> tuple[bytes, bytes]:
        """Some of the content, and the bytes that are still to be unpacked."""
        if self._inflate is None or self._inflate.eof:
            if self._inflate is not None and not _begins_member(self._name, data):
                self._done = True  # after the end of a stream some servers pad; every reader skips that
                return b"", b""
            self._members += 1
            if self._members > _MAX_MEMBERS:
                raise BadCodingError(f"its gzip has more than {_MAX_MEMBERS} parts")
            self._inflate = zlib.decompressobj(_window(self._name, data))
        piece = self._inflate.decompress(data, _STEP)
        self._given += len(piece)
        if self._given > self._max_bytes:
            raise TooLargeError
        return self._inflate.unconsumed_tail or self._inflate.unused_data, piece


def _begins_member(name: str, data: bytes) -> bool:
    return name in _GZIP and data.startswith(b"\x1f\x8b")


def _window(name: str, data: bytes) -> int:
    """How to read the header: what is called deflate should have zlib's, which some servers leave out."""
    if name == "deflate" and data[0] & 0x0F != 8:
        return -zlib.MAX_WBITS
    return _ANY_HEADER


def unpack_gzip(data: bytes, max_bytes: int) -> bytes:
    """A gzip file's content (such as a `sitemap.xml.gz`), within bounds.

    Raises:
        TooLargeError: There is more.
        BadCodingError: It is no gzip file, or not a whole one.
    """
    decoder = ContentDecoder("gzip", max_bytes)
    return decoder.decode(data) + decoder.finish()
