"""Bodies of requests as items."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.ingest.push.posted import read_pushed


def test_what_is_sent_again_has_the_same_position() -> None:
    (one,), (again,) = read_pushed(b'{"title": "Rates rise"}'), read_pushed(b' [ {"title": "Rates rise"}]')

    assert one == again
    assert read_pushed(b'{"title": "Rates fall"}')[0].position != one.position
    assert read_pushed(b'{"id": "r7"}')[0].position == "r7"


JSON_FIELDS = st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=9) | st.integers(), max_size=4)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_body_is_items_or_a_named_fault(body: bytes) -> None:
    with contextlib.suppress(InputError):
        for item in read_pushed(body):
            assert item.position
            assert (item.fields is None) == bool(item.fault)


@given(st.lists(JSON_FIELDS, max_size=5))
def test_every_article_of_a_batch_is_an_item_with_its_own_bytes(articles: list[dict[str, object]]) -> None:
    items = read_pushed(json.dumps(articles).encode())

    assert [item.fields for item in items] == articles
    assert [json.loads(item.original) for item in items] == articles


def test_half_a_sign_in_one_article_spoils_no_other() -> None:
    cut = b'[{"title": "Rates rise \\ud83d"}, {"title": "\\ude80 \\ud83d\\ude80 \\\\ud83d"}]'
    assert [item.fields for item in read_pushed(cut)] == [
        {"title": "Rates rise \ufffd"},
        {"title": "\ufffd 🚀 \\ud83d"},
    ]
    assert read_pushed(b'{"title": "Rates rise \\ud83d"}')[0].fields == {"title": "Rates rise \ufffd"}
