"""Phrases and numbers in the reader's language."""

import pytest

from losslib import locales
from losslib.locales import language, languages, number, tr, use_language


@pytest.fixture
def small_catalogue(monkeypatch):
    phrases = {"residual": "остаток", "after {n} steps": "после {n} шагов"}
    monkeypatch.setattr(locales, "catalogue", lambda language: phrases if language == "ru" else {})


@pytest.mark.usefixtures("small_catalogue")
def test_phrase_is_translated_and_its_placeholders_filled_in():
    assert tr("residual") == "residual"
    use_language("ru")
    assert tr("residual") == "остаток"
    assert tr("after {n} steps", n=10) == "после 10 шагов"


@pytest.mark.usefixtures("small_catalogue")
def test_phrase_without_a_translation_stays_english():
    use_language("ru")
    assert tr("my own label {x}", x=1) == "my own label 1"


def test_unknown_language_lists_the_known_ones_and_changes_nothing():
    use_language("ru")
    with pytest.raises(
        ValueError, match=f"^use_language: expected one of {', '.join(languages())}, got 'tlh'$"
    ):
        use_language("tlh")
    assert language() == "ru"


@pytest.mark.parametrize("text", ["0.5", "-1.25", "−3.0", "+2.5e-07", "12.5%", "12.5 %"])
def test_russian_numbers_have_a_decimal_comma(text):
    for name in ("en", "zh"):
        use_language(name)
        assert number(text) == text
    use_language("ru")
    assert number(text) == text.replace(".", ",")


@pytest.mark.parametrize("text", ["12", "torch 2.6", "1.2.3", "x.5", "", "losslib.functional"])
def test_only_decimal_numbers_change(text):
    use_language("ru")
    assert number(text) == text
