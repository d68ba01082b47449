"""Public comments: posts with author and parent, from JSON or JSONL; what one author repeats is one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from monitor.articles import article_id
from monitor.errors import InputError
from monitor.ingest.items import Item
from monitor.ingest.json_texts import ANYTHING, decode_json
from monitor.ingest.sources.asking import Getter, ask_again, state_after
from monitor.ingest.sources.charsets import decode
from monitor.ingest.sources.files import faults_named
from monitor.ingest.sources.markup import page_fault, plain_text
from monitor.ingest.sources.source import Batch, FailureReason, SourceError, SourceState
from monitor.ingest.web.fetched import Fetched

ACCEPT: Final = "application/json, application/x-ndjson, application/jsonl, */*;q=0.1"
_MAX_FILE_BYTES: Final = 50_000_000
_ADDRESS = re.compile(r"https?://\S+|www\.\S+")
_NO_WORD = re.compile(r"[\W_]+")


class CommentColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Where a post holds what: names, or paths with dots for objects in objects (`data.author`); empty for nowhere.

    Attributes:
        posts: The array of posts in the answer; empty where the answer is the array, or JSONL.
        text: The post's text.
        title: Its title, where it has one.
        author: Who wrote it.
        time: When; a number is seconds (or milliseconds) since 1970.
        id: Its id, which others name as their parent.
        parent: The id of what it answers.
        url: Its address.
    """

    posts: str = ""
    text: str = "text"
    title: str = "title"
    author: str = "author"
    time: str = "created_at"
    id: str = "id"
    parent: str = "parent_id"
    url: str = "url"


class CommentsSource:
    """Posts at an address or in a file, which is read whole each time; what was delivered before is known by its id."""

    kind: Final = "comments"

    def __init__(self, name: str, place: str | Path, getter: Getter, columns: CommentColumns | None = None) -> None:
        self.name: Final = name
        self._place = place
        self._getter = getter
        self._columns = columns or CommentColumns()

    def fetch(self, state: SourceState, now: datetime) -> Batch:  # noqa: ARG002 - the protocol's
        """The posts that are there now; see `Source.fetch`."""
        state = state.of(str(self._place))
        if isinstance(self._place, Path):
            return Batch(items=self._items(_file_bytes(self._place), ""), state=state, shape="comments")
        fetched = ask_again(self._getter, state, accept=ACCEPT)
        if fetched.status == "not_modified":
            return Batch(items=(), state=state, not_modified=True, moved_to=state.moved_to, wait=fetched.max_age)
        _refuse_pages(fetched)
        after = state_after(state, fetched)
        return Batch(
            items=self._items(fetched.content, fetched.charset),
            state=after,
            moved_to=after.moved_to,
            wait=fetched.max_age,
            shape="comments",
        )

    def _items(self, content: bytes, charset: str) -> tuple[Item, ...]:
        if not content.strip():
            return ()
        return tuple(
            comment_item(post, number, self._columns)
            for number, post in enumerate(_posts(content, charset, self._columns.posts, str(self._place)), 1)
        )


def comment_item(post: object, number: int, columns: CommentColumns) -> Item:
    """A post as an item.

    Its id is made of author and words, so that what one author posts again, wherever and however often, is one article;
    a post without author or words has its own id.
    """
    original = post if isinstance(post, bytes) else msgspec.json.encode(post)
    if not isinstance(post, dict):
        return Item(f"#{number}", None, original, "it is no JSON object")
    said = {name: _at(post, getattr(columns, name)) for name in ("text", "title", "author", "id", "parent", "url")}
    texts = {name: value if isinstance(value, str) else str(value or "") for name, value in said.items()}
    title, text = plain_text(texts["title"]), plain_text(texts["text"])
    author, words = texts["author"].strip(), normal_words(f"{title} {text}")
    own = texts["id"].strip() or texts["url"].strip()
    fields = {
        "id": article_id(author.casefold(), words) if author and words else own,
        "title": title or text,
        "description": text if title else "",
        "published": _at(post, columns.time),
        "url": texts["url"].strip(),
        "author": author,
        "parent": texts["parent"].strip(),
    }
    return Item(own or f"#{number}", {name: value for name, value in fields.items() if value}, original)


def normal_words(text: str) -> str:
    """The words of a post without what varies between repeats: case, width, punctuation, signs, addresses.

    >>> normal_words("SELL ＡＣＭＥ now!!! 🚀 https://example.org/x") == normal_words("Sell acme, now")
    True
    """
    return _NO_WORD.sub(" ", _ADDRESS.sub(" ", unicodedata.normalize("NFKC", text))).strip().casefold()


def _posts(content: bytes, charset: str, path: str, place: str) -> Sequence[object]:
    text = decode(content, charset).strip()
    try:
        found = decode_json(text.encode("utf-8", "replace"), ANYTHING)
    except (msgspec.DecodeError, RecursionError):
        lines = list(_lines(text))
        if any(isinstance(line, dict) for line in lines):
            return lines
        raise SourceError(FailureReason.NOT_PARSED, f"{place} is neither JSON nor JSONL.") from None
    found = _at(found, path) if path and isinstance(found, dict) else found
    if isinstance(found, list):
        return found
    if isinstance(found, dict) and not path:
        return [found]
    raise SourceError(
        FailureReason.NOT_PARSED, f"{place} has no array of posts{f' at {path!r}' if path else ''}.", "Correct `posts`."
    )


def _lines(text: str) -> Iterator[object]:
    # Not `splitlines`: signs that end a line elsewhere are allowed within the texts of JSON.
    for line in text.split("\n"):
        if line.strip():
            try:
                yield decode_json(line.encode("utf-8", "replace"), ANYTHING)
            except (msgspec.DecodeError, RecursionError):
                yield line.encode("utf-8", "replace")


def _at(value: Any, path: str) -> Any:
    """What stands at a path of names; None where the path ends before."""
    if not path:
        return None
    if isinstance(value, Mapping) and path in value:
        return value[path]
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _file_bytes(path: Path) -> bytes:
    try:
        with faults_named(path, "jsonl"):
            content = path.read_bytes() if path.stat().st_size <= _MAX_FILE_BYTES else None
    except InputError as error:
        raise SourceError(FailureReason.FILE, error.what, error.remedy) from error
    if content is None:
        raise SourceError(FailureReason.TOO_LARGE, f"{path} is larger than {_MAX_FILE_BYTES:,} bytes.", "Split it.")
    return content


def _refuse_pages(fetched: Fetched) -> None:
    fault = page_fault(decode(fetched.content[:400_000], fetched.charset), fetched.url)
    if fault:
        reason = {"login": FailureReason.LOGIN_PAGE, "challenge": FailureReason.FORBIDDEN}
        raise SourceError(reason.get(fault, FailureReason.NOT_PARSED), f"{fetched.url} is a web page, not posts.")
