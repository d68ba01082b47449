"""Which language a text is in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.ingest.language import detect_language


@settings(max_examples=200)
@given(st.text(max_size=400))
def test_any_text_has_a_language_and_one_without_letters_has_none(text: str) -> None:
    language = detect_language(text)
    assert language == "und" or (2 <= len(language) <= 3 and language.islower())
    if not any(character.isalnum() for character in text):
        assert language == "und"


@given(st.text("QWERTZ0123456789 $%.", max_size=12))
def test_a_few_latin_letters_are_english_rather_than_lost(text: str) -> None:
    assert detect_language(text) in ("en", "und")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Oil prices fall as traders weigh supply", "en"),
        ("AAPL", "en"),
        ("央行下调贷款利率以支持经济增长", "zh"),
        ("Центральный банк повысил ключевую ставку до рекордного уровня", "ru"),
        (
            "Die Europäische Zentralbank hat am Donnerstag überraschend die Leitzinsen gesenkt und die Märkte beruhigt",
            "de",
        ),
        ("12.5% 🚀", "und"),
        ("東証上場企業の利益が減少した", "ja"),
        ("香港交易所公布季度业绩", "zh"),
        ("云杉矿业涨停走出3连板", "zh"),
        ("B股收盘：超1200只个股飘绿", "zh"),
        ("Larkfield纳入恒生指数", "zh"),
        ("Shares of Larkfield (云杉矿业) fall as traders weigh supply", "en"),
        ("삼성전자 영업이익 감소", "ko"),
    ],
)
def test_usual_texts_are_told(text: str, language: str) -> None:
    assert detect_language(text) == language


@given(st.text("QWERTZ0123456789 $%.", max_size=12), st.sampled_from(["de", "zh-CN", "", "x", "DE_at", "klingon"]))
def test_a_hint_makes_no_few_letters_another_language(text: str, hint: str) -> None:
    assert detect_language(text, hint) in ("en", "und")


def test_a_hint_tips_the_scales_where_an_uncertain_detector_guesses_the_same() -> None:
    text = "Aktie fällt stark"
    assert detect_language(text) == detect_language(text, "fr") == "en"
    assert detect_language(text, "de-DE") == "de"


@given(st.text("长和财务公司业绩东京日本大手企业株式市场", min_size=4, max_size=30))
def test_what_has_chinese_characters_alone_is_not_japanese_or_korean(text: str) -> None:
    assert detect_language(text) not in ("ja", "ko", "wuu", "yue")


def test_a_wrong_hint_does_not_make_english_chinese_or_chinese_english() -> None:
    assert detect_language("Oil prices fall as traders weigh supply", "zh-CN") == "en"
    assert detect_language("央行下调贷款利率以支持经济增长", "en-US") == "zh"
