"""One HTTP exchange with one checked address, within a budget of time and bytes.

A name is looked up once and the connection made to the very address that was checked, so that it cannot point
elsewhere a moment later; the `Host` header and TLS still carry the name. A connection serves one exchange: nothing of
one fetch, no cookie, login or half-read answer, can reach another. Proxies of the environment are not used: they would
hide the address.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import httpcore
import httpx
import msgspec

from monitor.ingest.web.addresses import Address, AddressRule
from monitor.ingest.web.content_coding import BadCodingError, ContentDecoder, TooLargeError
from monitor.ingest.web.fetched import FetchError, FetchFailure
from monitor.ingest.web.targets import port_of

MAX_HEAD_BYTES: Final = 262_144
"""Of headers, all "more follows" answers before the real one among them; and again of what a body is wrapped in."""
MAX_PIECES: Final = 20_000
"""Of a body: millions of chunks of one byte would cost minutes of computing without ever becoming large or slow."""
_CHUNK: Final = 65_536
_MAX_ADDRESSES: Final = 4
"""Of one host that are tried: more than one of each kind, and the first that answers will do."""


class Budget:
    """What is left of the time and the bytes of a fetch."""

    def __init__(self, total_seconds: float) -> None:
        self._deadline = time.monotonic() + total_seconds
        self.total_seconds = total_seconds

    def left_seconds(self, host: str, most: float | None = None) -> float:
        """How long the next step may take, at most `most`.

        Raises:
            FetchError: `timeout`: no time is left.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise FetchError(FetchFailure.TIMEOUT, f"{host} did not answer in {self.total_seconds:g} seconds.")
        return left if most is None else min(left, most)

    def has(self, seconds: float) -> bool:
        """Whether so much time is left."""
        return self._deadline - time.monotonic() > seconds


class Answer(msgspec.Struct, frozen=True):
    """A server's answer: its head at once, its body piece by piece.

    Attributes:
        status: 200 to 599.
        headers: As they came.
        pieces: The body as it was sent, content coding and all; raises FetchError.
    """

    status: int
    headers: httpx.Headers
    pieces: Iterator[bytes]


@contextmanager
def exchange(
    url: httpx.URL,
    headers: Mapping[str, str],
    addresses: Sequence[Address],
    *,
    tls: ssl.SSLContext,
    budget: Budget,
    connect_seconds: float,
    max_bytes: int,
) -> Iterator[Answer]:
    """Sends a GET and yields the answer; leaving the block breaks off what is still coming.

    Args:
        url: What to get.
        headers: To send, `Host` among them.
        addresses: Checked ones; the first that can be connected to is asked.
        tls: For https.
        budget: Of the fetch.
        connect_seconds: For each address.
        max_bytes: Received at most, the head apart.

    Raises:
        FetchError: `connect`, `tls`, `timeout`, `protocol` or `too_large`.
    """
    host, port = url.host, port_of(url)
    stream = _connect(host, addresses[:_MAX_ADDRESSES], port, budget, connect_seconds)
    try:
        if url.scheme == "https":
            stream.agree_on_tls(tls, url.raw_host.decode("ascii"), connect_seconds)
        request = httpcore.Request(
            "GET",
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path),
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()],
        )
        with _protocol_faults(host):
            connection = httpcore.HTTP11Connection(origin=request.url.origin, stream=stream)
            response = connection.handle_request(request)
        stream.take(max_bytes + MAX_HEAD_BYTES)
        if not 200 <= response.status < 600:
            raise FetchError(FetchFailure.PROTOCOL, f"{host} answered HTTP {response.status}, which means nothing.")
        yield Answer(response.status, httpx.Headers(response.headers), _pieces(host, response))
    finally:
        stream.close()


def read_content(host: str, answer: Answer, max_bytes: int, *, whole: bool) -> bytes:
    """An answer's content, with its coding undone.

    Args:
        host: For messages.
        answer: Not yet read.
        max_bytes: Of content, and of what it is coded in.
        whole: Whether content that is longer is refused; else its beginning is taken.

    Raises:
        FetchError: `too_large`, `bad_encoding`, or whatever befell the connection.
    """
    content = bytearray()
    try:
        decoder = ContentDecoder(answer.headers.get("Content-Encoding", ""), max_bytes)
        decoder.announce(int(answer.headers.get("Content-Length", 0)) if whole else 0)
        for piece in answer.pieces:
            content += decoder.decode(piece)
        content += decoder.finish()
    except TooLargeError as error:
        if not whole:
            return bytes(content)
        raise FetchError(FetchFailure.TOO_LARGE, f"{host} sends more than {max_bytes:,} bytes.") from error
    except BadCodingError as error:
        raise FetchError(FetchFailure.BAD_ENCODING, f"{host} sends what cannot be unpacked: {error}.") from error
    return bytes(content)


def check_addresses(host: str, port: int, addresses: Sequence[Address], rule: AddressRule) -> None:
    """Refuses a host if any of its addresses may not be contacted, whichever of them would have been chosen.

    Raises:
        FetchError: `refused_address`.
    """
    for address in addresses:
        if why := rule.refusal(address, port):
            raise FetchError(FetchFailure.REFUSED_ADDRESS, f"{host} is {address}: {why}.")


def _connect(host: str, addresses: Sequence[Address], port: int, budget: Budget, connect_seconds: float) -> _Stream:
    failure: OSError | None = None
    for address in addresses:
        try:
            return _Stream(_connected(address, port, budget.left_seconds(host, connect_seconds)), host, budget)
        except OSError as error:
            failure = error
    reason = FetchFailure.TIMEOUT if isinstance(failure, TimeoutError) else FetchFailure.CONNECT
    raise FetchError(reason, f"{host} cannot be connected to: {_words(failure)}.") from failure


def _connected(address: Address, port: int, timeout_seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_seconds)
        connection.connect((str(address), port))
    except OSError:
        connection.close()
        raise
    return connection


@contextmanager
def _protocol_faults(host: str) -> Iterator[None]:
    try:
        yield
    except httpcore.LocalProtocolError as error:
        raise FetchError(FetchFailure.BAD_URL, f"{host} cannot be asked so: {_words(error)}.") from error
    except (httpcore.RemoteProtocolError, ValueError) as error:  # ValueError: a number that no machine would hold
        raise FetchError(FetchFailure.PROTOCOL, f"{host} does not speak HTTP: {_words(error)}.") from error


def _pieces(host: str, response: httpcore.Response) -> Iterator[bytes]:
    with _protocol_faults(host):
        for number, piece in enumerate(response.iter_stream()):
            if number == MAX_PIECES:
                raise FetchError(FetchFailure.PROTOCOL, f"{host} sends crumbs: more than {MAX_PIECES:,} pieces.")
            yield piece


class _Stream(httpcore.NetworkStream):
    """A connection whose every step is within the budget, so that no dripping of bytes can stretch it."""

    def __init__(self, connection: socket.socket, host: str, budget: Budget) -> None:
        self._connection = connection
        self._host = host
        self._budget = budget
        self._left_bytes = MAX_HEAD_BYTES

    def take(self, max_bytes: int) -> None:
        """Takes so many bytes from here on."""
        self._left_bytes = max_bytes

    def agree_on_tls(self, tls: ssl.SSLContext, name: str, seconds: float) -> None:
        """Goes over to TLS; the certificate must be for the name.

        Raises:
            FetchError: `tls` or `timeout`.
        """
        with self._faults_named():
            self._connection.settimeout(self._budget.left_seconds(self._host, seconds))
            self._connection = tls.wrap_socket(self._connection, server_hostname=name.strip("[]").rstrip("."))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Waits for the next bytes; none at the end."""
        with self._faults_named():
            self._connection.settimeout(self._budget.left_seconds(self._host, timeout))
            data = self._connection.recv(min(max_bytes, _CHUNK))
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise FetchError(FetchFailure.TOO_LARGE, f"{self._host} sends more than is taken.")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it."""
        with self._faults_named():
            self._connection.settimeout(self._budget.left_seconds(self._host, timeout))
            self._connection.sendall(buffer)

    def close(self) -> None:
        """Breaks off; can be repeated."""
        self._connection.close()

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise FetchError(FetchFailure.TIMEOUT, f"{self._host} did not answer in time.") from error
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or _words(error)
            raise FetchError(FetchFailure.TLS, f"{self._host} cannot be trusted over TLS: {why}.") from error
        except (OSError, ValueError) as error:  # ValueError: a host that no certificate can be for
            raise FetchError(FetchFailure.CONNECT, f"{self._host} broke off: {_words(error)}.") from error


def _words(error: Exception | None) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
