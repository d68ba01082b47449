"""Hostile text stays text."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.markup import bar, link, safe_address, tag, text
from dashboards.views.stories import mention_chips, story_table
from monitor.classify.mentions import Mention
from monitor.store.rows import Shares, WindowArticle

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)


class Reader(HTMLParser):
    """What a browser would see: elements, their attributes, and text."""

    def __init__(self, code: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(code)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def mention(name: str, negative: float, positive: float) -> Mention:
    rest = round(1 - negative - positive, 5)
    return Mention(
        start=0, end=len(name), text=name, confidence=0.9, negative=negative, neutral=rest, positive=positive
    )


def article(title: str, url: str = "", *, story_id: str | None = None, novelty: int = 100) -> WindowArticle:
    return WindowArticle(
        id=title,
        source="wire",
        url=url,
        title=title,
        event_time=NOW,
        entered_at=NOW,
        late=False,
        topic="Financials",
        sentiment="negative",
        negative=0.93,
        neutral=0.05,
        positive=0.02,
        story_id=story_id or title,
        novelty=novelty,
        model_version="m",
    )


@given(st.text())
def test_text_never_becomes_an_element(value: str) -> None:
    assert Reader(text(value)).elements == []


@given(st.text(), st.text())
def test_a_link_has_a_web_address_or_is_none(address: str, label: str) -> None:
    for name, attributes in Reader(link(address, label)).elements:
        assert name == "a"
        assert (attributes["href"] or "").startswith(("http://", "https://"))


@given(st.text())
def test_an_attribute_cannot_be_left(value: str) -> None:
    ((name, attributes),) = Reader(tag("p", title=value)).elements
    assert (name, list(attributes)) == ("p", ["title"])


@pytest.mark.parametrize(
    "address",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//example.org",
        "https:// example.org",
        "https://",
        'https://example.org/"onclick="x',
        "vbscript:x",
        "\x00javascript:x",
        "https://example.org/\u202e",
        "http://[::1",
        "ftp://a/b",
    ],
)
def test_an_unusual_address_is_not_followed(address: str) -> None:
    assert not safe_address(address)


@pytest.mark.parametrize(
    "address", ["https://example.org", "http://example.org/a?b=c&d=%20#e", "HTTPS://example.org/a(1)"]
)
def test_a_web_address_is_followed(address: str) -> None:
    assert Reader(link(address, "x")).elements[0][1]["href"] == address


def test_a_hostile_title_stands_in_the_table_as_it_is_written() -> None:
    title = "<img src=x onerror=alert(1)> **b** [x](javascript:alert(1)) </td></table><script>1</script>"
    page = Reader(story_table([article(title, "javascript:alert(1)")], NOW))
    assert title in page.words
    assert not {name for name, _ in page.elements} & {"img", "script", "a"}


def test_copies_are_folded_under_their_story_and_counted() -> None:
    first = article("Bank halts withdrawals", "https://example.org/1")
    copies = [article(f"Bank halts withdrawals - {n}", story_id=first.id, novelty=75) for n in range(15)]
    page = Reader(story_table([*copies, first], NOW))
    assert [name for name, _ in page.elements].count("tr") == 2
    assert "15 copies" in page.words
    assert "and 3 more" in page.words
    assert page.words.index("Bank halts withdrawals") < page.words.index("15 copies")


def test_what_the_point_does_not_count_is_marked() -> None:
    copy = msgspec.structs.replace(article("Bank - Mirror", story_id="earlier", novelty=75), counted=False)
    doubtful = msgspec.structs.replace(article("Perhaps"), in_doubt=True)
    words = Reader(story_table([article("Bank"), copy, doubtful], NOW)).words
    assert words.count("not counted") == 2
    assert words.index("Bank - Mirror") < words.index("not counted here") < words.index("Perhaps")
    toward = msgspec.structs.replace(doubtful, toward=Shares(0.6, 0.3, 0.1))
    assert "in doubt" not in Reader(story_table([toward], NOW)).words


@pytest.mark.parametrize(
    ("shares", "told"),
    [((0.5, 0.3, 0.2), "negative 50%"), ((0.4, 0.4, 0.2), "neutral 40%"), ((0, 0.4, 0.6), "positive")],
)
def test_of_a_company_the_sentiment_toward_it_is_shown(shares: tuple[float, float, float], told: str) -> None:
    words = Reader(story_table([msgspec.structs.replace(article("Bank"), toward=Shares(*shares))], NOW)).words
    assert "Sentiment toward it" in words
    assert told in words
    assert "93%" not in words


def test_an_article_that_no_model_read_says_so() -> None:
    unread = msgspec.structs.replace(article("Titre"), sentiment=None, negative=None, story_id=None)
    assert "not scored" in Reader(story_table([unread], NOW)).words


def test_whom_a_story_names_stands_under_it_with_the_sentiment_toward_each() -> None:
    named = (
        mention("Acme", 0.9, 0.05),
        mention("Bold Bank", 0.1, 0.7),
        mention("ACME", 0.2, 0.1),
        mention("Gold", 0.1, 0.1),
    )
    page = Reader(story_table([msgspec.structs.replace(article("Acme falls"), mentions=named)], NOW))
    chips = [attributes for _, attributes in page.elements if "sm-chip" in (attributes.get("class") or "")]
    assert [(chip["class"], chip["title"]) for chip in chips] == [
        ("sm-chip sm-neg", "negative toward it: 90%"),
        ("sm-chip sm-pos", "positive toward it: 70%"),
        ("sm-chip", "neutral toward it: 80%"),
    ]
    assert "\u2212 Acme" in page.words
    assert "+ Bold Bank" in page.words


@given(st.text(min_size=1))
def test_a_mention_never_becomes_an_element(name: str) -> None:
    page = Reader(mention_chips([mention(name, 0.9, 0.0)]))
    assert [element for element, _ in page.elements] == ["div", "span"]


def test_many_names_are_cut() -> None:
    page = Reader(mention_chips([mention(f"Company {n}", 0.9, 0.0) for n in range(9)]))
    assert "and 3 more" in page.words


def test_a_bar_without_anything_known_is_empty() -> None:
    assert [attributes.get("class") for _, attributes in Reader(bar(None, None, None, None, above=False)).elements] == [
        "sm-bar"
    ]
