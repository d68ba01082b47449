"""One address for one page."""

from __future__ import annotations

from time import process_time
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.ingest.urls import canonical_url

PAGE = "https://paper.example/money/bank-fails"
PIECES = st.sampled_from(
    ["http://", "https://", "HTTPS://", "www.", "m.", "amp.", "paper.example", "Paper.Example.", ":443", ":80", ":8080",
     ":x", "/", "//", "/amp", "/amp/", "/index.html", "/./", "/../", "%7e", "%e4%b8%ad", "%", "%2", "中文", "?", "&",
     "=", "utm_source=x", "amp;id=7", "id=7", "a=b=c", "#", "#top", "#!/x", "#/x", "user:pw@", "[::1]", "[", " ", "\t",
     "cdn.ampproject.org", "/c/s/", "google.com/amp/s/", ";jsessionid=1", ".amp", "\u202e", "+", "@"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=40))
@example("https://www-paper-example.cdn.ampproject.org/c/s/www.paper.example/amp/index.html")
@example("http://a/amp/amp/index.php/index.php")
def test_what_is_canonical_stays_as_it_is_and_no_text_raises(text: str) -> None:
    once = canonical_url(text)
    assert canonical_url(once) == once


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_web_address_stays_one(text: str) -> None:
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in ("http", "https") and bool((parts.hostname or "").strip("."))
    except ValueError:
        return
    if is_web and canonical_url(text) != text.strip():
        assert canonical_url(text).startswith("https://")


@pytest.mark.parametrize(
    "copy",
    [
        "http://paper.example/money/bank-fails",
        "https://www.paper.example/money/bank-fails/",
        "https://m.paper.example/money/bank-fails",
        "https://amp.paper.example/money/bank-fails",
        "https://www.paper.example/money/bank-fails/amp/",
        "https://www.paper.example/amp/money/bank-fails",
        "https://paper.example/money/bank-fails?amp=1",
        "https://paper.example/money/bank-fails?outputType=amp",
        "https://www-paper-example.cdn.ampproject.org/c/s/www.paper.example/money/bank-fails/amp",
        "https://www.google.com/amp/s/www.paper.example/money/bank-fails",
        "https://PAPER.example:443/money/bank-fails",
        "http://paper.example:80/money/bank-fails#comments",
        "https://reader@paper.example/money/bank-fails",
        "https://paper.example/money/bank-fails?utm_source=rss&utm_medium=feed",
        "https://paper.example/money/bank-fails?at_medium=RSS&at_campaign=KARANGA",
        "https://paper.example/money/bank-fails?fbclid=abc&gclid=d",
        "https://paper.example/money/bank-fails?f=rss",
        "https://paper.example/money/bank-fails?wfr=spider&for=pc",
        "https://paper.example/money/bank-fails;jsessionid=0A1B",
        "https://paper.example/money/../money/bank%2Dfails",
        "https://paper.example//money/bank-fails",
        " https://paper.example/money/bank-fails\n",
    ],
)
def test_copies_of_a_link_are_one(copy: str) -> None:
    assert canonical_url(copy) == PAGE


@pytest.mark.parametrize(
    "other",
    [
        "https://paper.example/money/bank-fails-2",
        "https://paper.example/Money/bank-fails",
        "https://paper.example/money/bank-fails?id=7",
        "https://paper.example/money/bank-fails?page=2",
        "https://paper.example/money/bank-fails#!/live",
        "https://paper.example:8080/money/bank-fails",
        "https://markets.paper.example/money/bank-fails",
        "https://paper.example.org/money/bank-fails",
    ],
)
def test_what_may_be_another_page_stays_another(other: str) -> None:
    assert canonical_url(other) != PAGE


def test_the_order_of_a_query_and_needless_escapes_mean_nothing() -> None:
    one = canonical_url("https://paper.example/b%c3%b6rse/~a?b=2&a=%7e1")
    assert (
        one
        == canonical_url("https://paper.example/börse/%7Ea?a=~1&b=2")
        == "https://paper.example/b%C3%B6rse/~a?a=~1&b=2"
    )


@pytest.mark.parametrize(
    "text", ["tag:paper.example,2024:7", "7", "urn:uuid:1", "ftp://a/b", "mailto:a@b", "http://", ""]
)
def test_what_is_no_web_address_is_left_alone(text: str) -> None:
    assert canonical_url(text) == text


@pytest.mark.parametrize(
    "address",
    ["http://a.example" + "/amp" * 900, "http://a.example" + "/amp/index.html" * 250,
     "http://" + "m." * 1_900 + "a.example", "http://a.example/x" + ".amp" * 900,
     "http://a.example" + "/amp" * 900 + "/x/x"],
)  # fmt: skip
def test_the_time_that_an_address_takes_grows_with_its_length_alone(address: str) -> None:
    before = process_time()
    for number in range(50):
        canonical_url(f"{address}?{number}")
    assert process_time() - before < 1, "50 of 4,000 characters each; with its square they would take several seconds"


def test_what_is_too_long_to_be_asked_for_is_left_alone() -> None:
    endless = "http://m.a.example" + "/amp" * 100_000
    assert canonical_url(f" {endless} ") == endless
