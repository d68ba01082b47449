"""EDGAR's current filings as articles, over real HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from monitor.articles import Article, TimeCase
from monitor.errors import InputError
from monitor.ingest.items import ColumnMap, ItemReader
from monitor.ingest.sources.filings import FilingsSource
from monitor.ingest.sources.source import Batch, FailureReason, Source, SourceError, SourceState
from monitor.ingest.web.fetcher import Fetcher
from tests.ingest.paper_server import NOW, Paper, paper

READER = ItemReader(name="edgar", columns=ColumnMap(), zone=UTC)
AGENT = "Harbour Desk desk@paper.example"


def filing(
    number: int, form: str = "8-K", company: str = "HARBOUR MILLS INC", items: str = "", role: str = "Filer"
) -> str:
    accession = f"0000123456-24-{number:06}"
    return (
        f"<entry><title>{form} - {company} (0000123456) ({role})</title>"
        f'<link rel="alternate" type="text/html" href="https://www.sec.gov/Archives/{accession}-index.htm"/>'
        f'<summary type="html">&lt;b&gt;Filed:&lt;/b&gt; 2024-05-06 &lt;b&gt;AccNo:&lt;/b&gt; {accession}'
        f" &lt;b&gt;Size:&lt;/b&gt; 1 MB{items}</summary><updated>2024-05-06T07:30:00-04:00</updated>"
        f'<category scheme="https://www.sec.gov/" label="form type" term="{form}"/>'
        f"<id>urn:tag:sec.gov,2008:accession-number={accession}</id></entry>"
    )


def atom(entries: Sequence[str]) -> bytes:
    return (
        '<?xml version="1.0" encoding="ISO-8859-1" ?><feed xmlns="http://www.w3.org/2005/Atom"><title>Latest</title>'
        f"<updated>2024-05-06T08:00:00-04:00</updated>{''.join(entries)}</feed>"
    ).encode()


def lists(host: Paper, form: str, *pages: Sequence[str]) -> None:
    for number in range(5):
        query = f"action=getcurrent&type={form}&owner=include&start={100 * number}&count=100&output=atom"
        host.pages[f"/current?{query}"] = atom(pages[number] if number < len(pages) else ())


def source(host: Paper, fetcher: Fetcher, *forms: str) -> FilingsSource:
    return FilingsSource("edgar", fetcher, user_agent=AGENT, forms=forms or ("8-K",), address=host.url("/current"))


def articles(batch: Batch) -> list[Article]:
    records = [READER.read(item, NOW) for item in batch.items]
    return [record for record in records if isinstance(record, Article)]


def test_a_filing_is_an_article_that_says_who_reports_what() -> None:
    reported = "&lt;br&gt;Item 1.03: Bankruptcy or Receivership&lt;br&gt;Item 9.01: Financial Statements and Exhibits"
    with paper() as (host, fetcher):
        lists(host, "8-K", [filing(1, items=reported)])
        (article,) = articles(source(host, fetcher).fetch(SourceState(), NOW))
    assert article.title == "HARBOUR MILLS INC files current report 8-K: Bankruptcy or Receivership"
    assert article.body == "Bankruptcy or Receivership; Financial Statements and Exhibits"
    assert article.published_at == datetime(2024, 5, 6, 11, 30, tzinfo=UTC)
    assert (article.time_case, article.author) == (TimeCase.PUBLISHED, "HARBOUR MILLS INC")
    assert article.position == "0000123456-24-000001"
    assert article.url.endswith("-index.htm")


def test_annual_and_quarterly_reports_and_amendments_are_told_apart() -> None:
    with paper() as (host, fetcher):
        lists(host, "10-K", [filing(1, "10-K"), filing(2, "10-K/A"), filing(3, "10-KT")])
        lists(host, "10-Q", [filing(4, "10-Q")])
        found = articles(source(host, fetcher, "10-K", "10-Q").fetch(SourceState(), NOW))
    assert [article.title.partition(" files ")[2] for article in found] == [
        "annual report 10-K", "annual report 10-K/A (amended)", "annual report 10-KT", "quarterly report 10-Q",
    ]  # fmt: skip


def test_a_filing_with_several_companies_counts_once_and_forms_of_another_kind_not_at_all() -> None:
    with paper() as (host, fetcher):
        lists(host, "8-K", [filing(1), filing(1, company="HARBOUR TRUST", role="Subject"), filing(2, "8-K12B")])
        batch = source(host, fetcher).fetch(SourceState(), NOW)
    assert [item.position for item in batch.items] == ["0000123456-24-000001"]


def test_what_was_seen_is_not_given_again_and_a_burst_is_read_back_to_it() -> None:
    with paper() as (host, fetcher):
        lists(host, "8-K", [filing(1)])
        edgar = source(host, fetcher)
        first = edgar.fetch(SourceState(), NOW)
        burst = [filing(number) for number in range(251, 0, -1)]
        lists(host, "8-K", burst[:100], burst[100:200], burst[200:])
        second = edgar.fetch(first.state, NOW)
        assert len(second.items) == 250
        assert edgar.fetch(second.state, NOW).items == ()


def test_a_form_of_another_kind_on_a_full_page_does_not_end_the_reading_back() -> None:
    with paper() as (host, fetcher):
        lists(host, "8-K", [filing(1)])
        edgar = source(host, fetcher)
        first = edgar.fetch(SourceState(), NOW)
        burst = [filing(number) for number in range(151, 0, -1)]
        burst.insert(10, filing(152, "8-K12B"))
        lists(host, "8-K", burst[:100], burst[100:])
        assert len(edgar.fetch(first.state, NOW).items) == 150


def test_the_first_fetch_takes_the_latest_page_alone() -> None:
    with paper() as (host, fetcher):
        lists(host, "8-K", [filing(number) for number in range(200, 100, -1)], [filing(1)])
        assert len(source(host, fetcher).fetch(SourceState(), NOW).items) == 100
        assert sum("start" in path for path in host.asked) == 1


def test_an_entry_that_edgar_would_not_write_is_accounted_for() -> None:
    with paper() as (host, fetcher):
        lists(host, "8-K", [filing(1).replace("(0000123456)", "")])
        (item,) = source(host, fetcher).fetch(SourceState(), NOW).items
    assert item.fields is None
    assert "EDGAR" in item.fault


def test_a_refusal_is_told() -> None:
    with paper() as (host, fetcher), pytest.raises(SourceError) as caught:
        source(host, fetcher).fetch(SourceState(), NOW)
    assert caught.value.reason is FailureReason.NOT_FOUND


def test_robots_txt_does_not_forbid_what_edgar_offers_to_programs() -> None:
    with paper() as (host, fetcher):
        lists(host, "8-K", [filing(1)])
        source(host, fetcher).fetch(SourceState(), NOW)
        assert "/robots.txt" not in host.asked


@pytest.mark.parametrize(
    ("agent", "forms", "match"),
    [("sentiment-monitor/1.0", ("8-K",), "mail address"), (AGENT, ("S-1",), "not S-1"), (AGENT, (), "not none")],
)
def test_without_a_contact_or_with_another_form_there_is_no_source(
    agent: str, forms: tuple[str, ...], match: str
) -> None:
    with paper() as (host, fetcher), pytest.raises(InputError, match=match):
        FilingsSource("edgar", fetcher, user_agent=agent, forms=forms, address=host.url("/current"))


def test_filings_are_a_source() -> None:
    with paper() as (host, fetcher):
        assert isinstance(source(host, fetcher), Source)
