"""Headers of strangers: what they say where they say it well, nothing where they do not, and never a crash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.web.answer_headers import content_type, max_age, retry_after, validator

NOW = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "media_type", "charset"),
    [
        ("application/rss+xml", "application/rss+xml", ""),
        ("Text/HTML;Charset=UTF-8", "text/html", "utf-8"),
        ("text/xml ; boundary=x ; charset = 'gbk'", "text/xml", "gbk"),
        ('text/xml; charset="windows-1252', "text/xml", "windows-1252"),
        ("text", "", ""),
        ("text/xml, text/html", "", ""),
        ("; charset=utf-8", "", "utf-8"),
        ("text/xml; charset=", "text/xml", ""),
        ("text/xml; notcharset=utf-8", "text/xml", ""),
        ("", "", ""),
    ],
)
def test_media_type_and_charset_are_read(value: str, media_type: str, charset: str) -> None:
    assert content_type(value) == (media_type, charset)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", timedelta(0)),
        (" 120 ", timedelta(minutes=2)),
        ("Mon, 06 May 2024 12:30:00 GMT", timedelta(minutes=30)),
        ("Mon, 06 May 2024 14:30:00 +0200", timedelta(minutes=30)),
        ("Mon, 06 May 2024 11:00:00 GMT", timedelta(0)),
        ("999999999999", timedelta(days=365)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=365)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
    ],
)
def test_a_wait_is_read_as_seconds_or_as_a_date(value: str, wait: timedelta | None) -> None:
    assert retry_after(value, NOW) == wait


@given(st.timedeltas(timedelta(days=-9_000), timedelta(days=9_000)))
def test_any_date_is_a_wait_that_is_not_negative(later: timedelta) -> None:
    until = NOW + later
    wait = retry_after(format_datetime(until), NOW)

    assert wait is not None
    assert wait == min(max(until.replace(microsecond=0) - NOW, timedelta(0)), timedelta(days=365))


@pytest.mark.parametrize(
    ("control", "age", "fresh"),
    [
        ("max-age=60", "", timedelta(seconds=60)),
        ('public, MAX-AGE="60"', "10", timedelta(seconds=50)),
        ("max-age=60", "90", timedelta(0)),
        ("max-age=60", "old", timedelta(seconds=60)),
        ("s-maxage=60", "", None),
        ("x-max-age=60", "", None),
        ("no-store", "", None),
        ("max-age=-1", "", None),
    ],
)
def test_freshness_is_what_remains_of_it(control: str, age: str, fresh: timedelta | None) -> None:
    assert max_age(control, age) == fresh


@given(st.text())
def test_no_text_breaks_a_reader_and_what_is_sent_back_is_one_short_line(text: str) -> None:
    media_type, charset = content_type(text)
    retry_after(text, NOW)
    max_age(text, text)

    assert (media_type + charset).isascii()
    assert validator(text) in ("", text.strip())
    assert validator(text).isprintable()


def test_a_validator_of_unreasonable_length_is_dropped() -> None:
    assert validator('"' + "x" * 900 + '"')
    assert validator('"' + "x" * 1_000 + '"') == ""
