"""Bytes of unknown encoding as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.sources.charsets import decode

NAMES = st.sampled_from(
    ["", "utf-8", "UTF8", "latin-1", "gb2312", "zlib", "hex", "punycode", "idna", "undefined", "utf-7", "rot13",
     "unicode_escape", "\x00", "klingon", "é", "mbcs", "base64", '"utf-8"']
) | st.text(max_size=10)  # fmt: skip
CHINESE = "央行下调贷款利率，港口银行亏损扩大，股市下跌"


@given(st.binary(max_size=300), NAMES)
def test_any_bytes_under_any_name_are_some_text(content: bytes, charset: str) -> None:
    assert isinstance(decode(content, charset), str)
    assert isinstance(decode(b'<?xml version="1.0" encoding="%s"?>' % charset.encode() + content), str)


@given(st.text(max_size=200), NAMES)
def test_utf8_is_read_whatever_is_declared(text: str, charset: str) -> None:
    if charset.strip('"').lower() not in ("hz", "iso-2022-jp"):
        whole = f"<{text}".replace("\ufeff", "")
        assert decode(whole.encode(), charset) == whole


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("gb2312", "gb2312"), ("gbk", "GB2312"), ("gb18030", "gbk"), ("gb2312", "utf-8"), ("gb2312", ""),
        ("big5", "big5"), ("utf-16", "utf-8"), ("utf-8-sig", "latin-1"), ("hz", "hz-gb-2312"),
    ],
)  # fmt: skip
def test_chinese_is_read(encoding: str, declared: str) -> None:
    text = CHINESE if encoding != "big5" else "央行下調貸款利率"
    assert decode(text.encode(encoding), declared) == text


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("Börse “fällt”".encode("cp1252"), "iso-8859-1", "Börse “fällt”"),
        ("Börse fällt".encode("cp1252"), "", "Börse fällt"),
        ("Börse fällt".encode("cp1252"), "utf-8", "Börse fällt"),
        ('<?xml version="1.0" encoding="windows-1251"?>Убыток'.encode("cp1251"), "", None),
        ("Убыток портового банка вырос".encode("cp1251"), "utf-8", "Убыток портового банка вырос"),
        (b"+ADw-b+AD4-", "utf-7", "+ADw-b+AD4-"),
        ("<x/>".encode("utf-16-le"), "", "<x/>"),
    ],
)
def test_other_encodings_are_read(content: bytes, charset: str, text: str | None) -> None:
    found = decode(content, charset)
    assert found == text if text is not None else found.endswith("Убыток")


@given(st.integers(0, 60))
def test_a_spoilt_byte_spoils_no_more_than_its_character(place: int) -> None:
    content = CHINESE.encode()
    spoilt = decode(content[:place] + b"\xff" + content[place:])
    assert sum(one in spoilt for one in CHINESE) >= len(CHINESE) - 1
