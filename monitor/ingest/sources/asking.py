"""How every remote source asks: with what it knows of the last answer, and a reason where there is none."""

from __future__ import annotations

from typing import Protocol

import msgspec

from monitor.ingest.sources.source import FailureReason, SourceError, SourceState
from monitor.ingest.web.fetched import Fetched, FetchError


class Getter(Protocol):
    """The part of the guarded HTTP client that sources use."""

    def get(
        self, url: str, *, etag: str = "", last_modified: str = "", accept: str = "", robots: bool = True
    ) -> Fetched:
        """What is at an address.

        Raises:
            FetchError: It could not be had.
        """
        ...


def ask(getter: Getter, url: str, *, accept: str, state: SourceState | None = None, robots: bool = True) -> Fetched:
    """What is at an address, where that has changed since the state.

    Args:
        getter: The guarded HTTP client.
        url: The address.
        accept: Media types that are understood.
        state: What is known of the last answer; None asks without condition.
        robots: Whether robots.txt is honoured; False only where the site's own rules invite programs.

    Raises:
        SourceError: It could not be had, or is empty.
    """
    etag, last_modified = (state.etag, state.last_modified) if state else ("", "")
    try:
        fetched = getter.get(url, etag=etag, last_modified=last_modified, accept=accept, robots=robots)
    except FetchError as error:
        reason = FailureReason(error.reason.value)
        raise SourceError(
            reason, error.what, error.remedy, retry_after=error.retry_after, held_back=error.held_back
        ) from error
    if fetched.status == "new" and not fetched.content.strip():
        raise SourceError(FailureReason.EMPTY_ANSWER, f"{url} answers with nothing.", "Look again later.")
    return fetched


def ask_again(getter: Getter, state: SourceState, *, accept: str) -> Fetched:
    """What is new at a source's address, or where it moved for good; at the configured one again where that fails.

    Raises:
        SourceError: It could not be had, or is empty.
    """
    if state.moved_to:
        try:
            return ask(getter, state.moved_to, accept=accept, state=state)
        except SourceError as error:
            if error.reason is FailureReason.RATE_LIMITED:
                raise
    return ask(getter, state.configured, accept=accept, state=state)


def state_after(state: SourceState, fetched: Fetched, *, complete: bool = True) -> SourceState:
    """The state once the answer's items are safe.

    Args:
        state: Before the fetch, of the configured address.
        fetched: The answer.
        complete: Whether it tells all that there is; where it was cut, or only leads on to what may change while it
            does not, it must be asked for again without condition.
    """
    moved = fetched.permanent_url if fetched.permanent_url != state.configured else ""
    return msgspec.structs.replace(
        state,
        etag=fetched.etag if complete else "",
        last_modified=fetched.last_modified if complete else "",
        moved_to=moved,
    )
