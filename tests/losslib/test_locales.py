"""Phrases and numbers in the reader's language."""

import pytest

from losslib import locales
from losslib.locales import language, languages, number, tr, typeset, use_language


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


@pytest.mark.parametrize("text", ["0.5", "-1.25", "−3.0", "+2.5e-07", "12.5 %"])
def test_russian_numbers_have_a_decimal_comma(text):
    for name in ("en", "zh"):
        use_language(name)
        assert number(text) == text
    use_language("ru")
    assert number(text) == text.replace(".", ",")


@pytest.mark.parametrize(
    ("text", "russian"),
    [
        ("0.70 ± 0.06", "0,70 ± 0,06"),
        ("4.1% (+0.3 ± 0.1)", "4,1\xa0% (+0,3 ± 0,1)"),
        ("30%, width=30%x", "30\xa0%, width=30%x"),
        ("q = 0.9, N = 10", "q = 0,9, N = 10"),
        ("IoU > 0.5: 0.12–0.57.", "IoU > 0,5: 0,12–0,57."),
        ("CE, ε = 0,1, T = 2.5", "CE, ε = 0,1, T = 2,5"),
        ("2.5σ, 1.2×10⁸", "2,5σ, 1,2×10⁸"),
        ("min 0.5", "min 0,5"),
        # a list of them has semicolons
        ("z = (2, 1, 0.1), y = 1", "z = (2; 1; 0,1), y = 1"),
        ("0.5, -0.25", "0,5; -0,25"),
        ("γ, α = 2, 0.25", "γ, α = 2; 0,25"),
        ("[0.4, 0.35]", "[0,4; 0,35]"),
        ("y ∈ {0, 1}", "y ∈ {0, 1}"),
    ],
)
def test_russian_numbers_within_a_text_have_a_decimal_comma(text, russian):
    assert number(text) == text
    use_language("ru")
    assert number(text) == russian


CODE = [
    "f(x=0.5)",
    "f(-0.5)",
    "dim=-0.5",
    "a[-1.5]",
    "'-0.5'",
    "lr-0.5",
    "v2.5",
    "2.13.0",
    "fig-2.5.png",
    "2.5x",
]


@pytest.mark.parametrize("text", ["12", "torch 2.6", "1.2.3", "x.5", "", "losslib.functional", *CODE])
def test_only_decimal_numbers_change(text):
    use_language("ru")
    assert number(text) == text


@pytest.mark.parametrize("text", ["-1", "-2.5 (-3 %)", "[-1, 1]", "r = -5", "-inf"])
def test_numbers_have_a_real_minus(text):
    assert typeset(text) == text.replace("-", "−")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-2.677e+60", "−2.677×10⁶⁰"),
        ("-9.1e-05 ± 1.0e-06", "−9.1×10⁻⁵ ± 1.0×10⁻⁶"),
        ("−3e−21", "−3×10⁻²¹"),
        ("√(MSE + 1e-8)", "√(MSE + 10⁻⁸)"),
        ("-1e+06", "−10⁶"),
        ("3.1e+00", "3.1"),
        ("0.0e+00", "0"),
        ("eps=1e-8", "eps=1e-8"),
    ],
)
def test_numbers_have_powers_of_ten(text, shown):
    assert typeset(text) == shown


def test_numbers_are_set_in_the_language_of_the_reader():
    use_language("ru")
    assert typeset("-2.5e-3, 1.5%") == "−2,5×10⁻³; 1,5\xa0%"


@pytest.mark.parametrize("text", ["log-cosh", "0-1", "3-5", "GPT-2", "2024-11-22", "e-1", *CODE])
def test_hyphens_of_words_ranges_and_code_stay(text):
    assert typeset(text) == text
