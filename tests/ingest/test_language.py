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
    ],
)
def test_usual_texts_are_told(text: str, language: str) -> None:
    assert detect_language(text) == language
