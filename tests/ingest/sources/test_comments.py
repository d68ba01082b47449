"""Posts with author and parent; what one author repeats is one article."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article
from monitor.ingest.items import ColumnMap, Item, ItemReader
from monitor.ingest.sources.comments import CommentColumns, CommentsSource, comment_item, normal_words
from monitor.ingest.sources.source import FailureReason, Source, SourceError, SourceState
from monitor.records import DeadLetter
from tests.ingest.hostile import serving
from tests.ingest.paper_server import NOW, fetcher_for, paper
from tests.ingest.rows import JSON_VALUES

READER = ItemReader(name="forum", columns=ColumnMap(), zone=UTC)
COLUMNS = CommentColumns()
POST = {
    "id": "c2", "parent_id": "c1", "author": "ada", "text": "Sell <b>ACME</b> now!",
    "created_at": "2024-05-06T09:30:00Z", "url": "https://forum.example/c2",
}  # fmt: skip


def article(post: object, columns: CommentColumns = COLUMNS) -> Article:
    record = READER.read(comment_item(post, 1, columns), NOW)
    assert isinstance(record, Article)
    return record


def fetch(content: bytes, columns: CommentColumns = COLUMNS) -> Sequence[Item]:
    with paper() as (host, fetcher):
        host.pages["/posts"] = content
        return CommentsSource("forum", host.url("/posts"), fetcher, columns).fetch(SourceState(), NOW).items


def test_a_post_is_an_article_with_author_and_parent() -> None:
    found = article(POST)
    assert (found.title, found.author, found.parent) == ("Sell ACME now!", "ada", "c1")
    assert (found.position, found.url) == ("c2", "https://forum.example/c2")
    assert found.published_at == NOW.replace(hour=9, minute=30)


@given(
    st.sampled_from(
        ["sell ACME now", "SELL ＡＣＭＥ, now!!!", "sell acme now 🚀 https://spam.example/x", "Sell, Acme… NOW"]
    ),
    st.integers(0, 9),
    st.sampled_from(["ada", "Ada", " ADA "]),
)
def test_what_one_author_repeats_is_one_article_however_it_is_dressed(text: str, number: int, author: str) -> None:
    repeat = article({**POST, "text": text, "id": f"c{number}", "author": author, "parent_id": f"p{number}"})
    assert repeat.id == article(POST).id


@pytest.mark.parametrize("change", [{"author": "bob"}, {"text": "Buy ACME now!"}, {"text": "Sell ACME now at 5"}])
def test_another_author_or_other_words_are_another_article(change: dict[str, str]) -> None:
    assert article({**POST, **change}).id != article(POST).id


def test_without_author_or_words_a_post_has_its_own_id() -> None:
    for change in ({"author": None}, {"author": ""}, {"text": "🚀🚀"}):
        ids = {article({**POST, **change, "id": name}).id for name in ("c2", "c3")}
        assert len(ids) == 2


@given(st.text(max_size=60))
def test_normal_words_are_normal(text: str) -> None:
    assert normal_words(normal_words(text)) == normal_words(text)


@given(JSON_VALUES | st.dictionaries(st.sampled_from(list(POST)), JSON_VALUES, max_size=6))
def test_any_json_is_an_article_or_a_dead_letter(post: object) -> None:
    assert isinstance(READER.read(comment_item(post, 3, COLUMNS), NOW), Article | DeadLetter)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        (1_714_987_800, "2024-05-06T09:30:00Z"), (1_714_987_800_000, "2024-05-06T09:30:00Z"),
        (1_714_987_800.5, "2024-05-06T09:30:00.5Z"), ("2024-05-06T09:30:00Z", "2024-05-06T09:30:00Z"),
        (10**30, None), (True, None), (None, None),
    ],
)  # fmt: skip
def test_times_are_text_or_seconds_or_milliseconds(said: object, moment: str | None) -> None:
    found = article({**POST, "created_at": said}).published_at
    assert found == (datetime.fromisoformat(moment) if moment else None)


def test_posts_are_found_in_arrays_at_a_path_and_on_lines() -> None:
    nested = {"data": {"children": [{"data": POST}, {"data": {**POST, "text": "Buy ACME"}}]}}
    columns = CommentColumns(
        posts="data.children", text="data.text", author="data.author", time="data.created_at", id="data.id",
        parent="data.parent_id", url="data.url",
    )  # fmt: skip
    assert [one.position for one in fetch(json.dumps(nested).encode(), columns)] == ["c2", "c2"]
    assert len(fetch(json.dumps([POST, POST]).encode())) == 2
    lines = f"{json.dumps(POST)}\n\nnot json\n{json.dumps({**POST, 'id': 'c3'})}\n".encode()
    assert [one.position if one.fields else one.fault for one in fetch(lines)] == ["c2", "it is no JSON object", "c3"]
    assert len(fetch(json.dumps(POST).encode())) == 1


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_only_a_newline_ends_a_post_on_a_line(sign: str) -> None:
    texts = [f"Sell{sign}ACME", "Buy ACME"]
    lines = "".join(json.dumps({**POST, "text": text}, ensure_ascii=False) + "\r\n" for text in texts)
    assert [(one.fields or {}).get("title") for one in fetch(lines.encode())] == ["Sell ACME", "Buy ACME"]


def test_a_sign_that_no_xml_may_hold_spoils_no_post() -> None:
    assert article({**POST, "text": "<p>Sell\x0bnow</p>"}).title == "Sell now"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"posts": 3}', FailureReason.NOT_PARSED), (b"[" * 100_000, FailureReason.NOT_PARSED),
        (b"hello", FailureReason.NOT_PARSED), (b"  ", FailureReason.EMPTY_ANSWER),
        (b"<!DOCTYPE html><title>Sign in</title>", FailureReason.LOGIN_PAGE),
    ],
)  # fmt: skip
def test_what_holds_no_posts_is_refused(content: bytes, reason: FailureReason) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(content, CommentColumns(posts="posts"))
    assert caught.value.reason is reason


def test_an_unchanged_answer_has_no_items() -> None:
    with paper() as (host, fetcher):
        host.pages["/posts"], host.headers = json.dumps([POST]).encode(), {"ETag": '"1"'}
        forum = CommentsSource("forum", host.url("/posts"), fetcher)
        assert forum.fetch(forum.fetch(SourceState(), NOW).state, NOW).not_modified
        assert isinstance(forum, Source)


def test_posts_are_read_from_a_file_and_an_absent_one_is_told(tmp_path: Path) -> None:
    with serving({}) as hostile, fetcher_for(hostile) as fetcher:
        forum = CommentsSource("forum", tmp_path / "posts.json", fetcher)
        with pytest.raises(SourceError, match=r"posts\.json: .*No such file") as caught:
            forum.fetch(SourceState(), NOW)
        assert caught.value.reason is FailureReason.FILE
        (tmp_path / "posts.json").write_text(json.dumps([POST]), encoding="utf-8")
        assert len(forum.fetch(SourceState(), NOW).items) == 1


@pytest.mark.parametrize("content", [b"", b"oops", b'{"posts": 3}', b"<html><title>Sign in</title>"])
def test_no_message_shows_the_login_or_the_query_of_an_address(content: bytes) -> None:
    with paper() as (host, fetcher):
        host.pages["/posts?apikey=K3y"] = content
        url = host.url("/posts?apikey=K3y").replace("://", "://desk:S3cret@")
        with pytest.raises(SourceError, match=r"http://paper[^ ]*/posts ") as caught:
            CommentsSource("forum", url, fetcher, CommentColumns(posts="posts")).fetch(SourceState(), NOW)
    assert not re.search("S3cret|K3y", f"{caught.value} {caught.value.what}")


def test_half_a_sign_in_one_post_spoils_no_other() -> None:
    cut = json.dumps([{**POST, "text": "Sell \ud83d"}, {**POST, "id": "c3"}])
    assert [(one.fields or {}).get("title") for one in fetch(cut.encode())] == ["Sell \ufffd", "Sell ACME now!"]
    lines = "".join(json.dumps({**POST, "text": text}) + "\n" for text in ("Sell \ude80", "Buy \U0001f680"))
    assert [(one.fields or {}).get("title") for one in fetch(lines.encode())] == ["Sell \ufffd", "Buy \U0001f680"]
