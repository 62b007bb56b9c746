"""Phrases and numbers in the reader's language, and that the catalogues hold what the book says."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from losslib import locales
from losslib.locales import catalogue, language, languages, number, tr, use_language

ROOT = Path(__file__).parents[2]
TRANSLATIONS = languages()[1:]


def sources():
    """Every module of losslib and every English code cell, as syntax trees."""
    for path in (ROOT / "losslib").rglob("*.py"):
        yield ast.parse(path.read_text(encoding="utf8"))
    for path in (ROOT / "book" / "en").rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                yield ast.parse(cell.source)


def constants(nodes):
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def translated_phrases():
    """The literal first arguments of all calls of tr."""
    calls = [node for tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return constants(c.args[0] for c in calls if isinstance(c.func, ast.Name) and c.func.id == "tr")


def placeholders(phrase):
    return sorted(re.findall(r"\{\w+\}", phrase))


@pytest.fixture
def small_catalogue(monkeypatch):
    phrases = {"residual": "остаток", "after {n} steps": "после {n} шагов"}
    monkeypatch.setattr(locales, "catalogue", lambda language: phrases if language == "ru" else {})


def test_english_comes_first_and_every_folder_of_the_book_has_a_catalogue():
    folders = {path.name for path in (ROOT / "book").iterdir() if (path / "index.ipynb").is_file()}
    assert languages()[0] == "en"
    assert folders <= set(languages())


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
    with pytest.raises(ValueError, match=r"^use_language: expected one of en, ru, zh, got 'tlh'$"):
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


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_catalogue_holds_every_phrase_of_the_book(language):
    missing = translated_phrases() - set(catalogue(language))
    assert not missing, f"{language}.toml lacks: {'; '.join(sorted(missing))}"


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_catalogue_holds_no_phrase_that_nothing_says(language):
    said = constants(node for tree in sources() for node in ast.walk(tree))
    unused = set(catalogue(language)) - said
    assert not unused, f"{language}.toml has, but nothing says: {'; '.join(sorted(unused))}"


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_translations_are_not_empty_and_keep_the_placeholders(language):
    for phrase, translation in catalogue(language).items():
        assert translation.strip()
        assert placeholders(translation) == placeholders(phrase), phrase
