"""The reference of losslib on the site: complete, and reached from every language."""

import inspect
import pkgutil

import pytest

from book.site.ext.api_pages import CONTENTS, FAMILIES, api_pages, functions
from book.site.languages import languages, source_language
from book.site.project import SITE
from losslib import functional
from tests.site.built import Page

FUNCTIONS = [(family, getattr(functional, found.name)) for family in FAMILIES for found in functions(family)]
each_function = pytest.mark.parametrize(
    ("family", "function"), FUNCTIONS, ids=[function.__name__ for _, function in FUNCTIONS]
)


def page_of(family: str) -> Page:
    return Page(SITE, f"{source_language().code}/{api_pages()[FAMILIES.index(family)]}.html")


def test_families_are_the_modules_of_losslib():
    modules = {module.name for module in pkgutil.iter_modules(functional.__path__)}
    assert set(FAMILIES) == {name for name in modules if not name.startswith("_")}


def test_every_function_belongs_to_a_family():
    assert sorted(function.__name__ for _, function in FUNCTIONS) == functional.__all__


@each_function
def test_a_page_describes_the_function(family, function):
    section = page_of(family).tree.find(id=function.__name__)
    described = {term.get_text() for term in section.select("dt > code")}
    assert described >= set(inspect.signature(function).parameters)
    text = " ".join(section.get_text(" ").split())
    assert inspect.getdoc(function).partition("\n")[0] in text
    assert section.select_one("div.highlight-pycon, div.highlight"), "no example"
    for heading in ("Shapes", "Source", "PyTorch"):
        assert f"{heading} :" in text


@pytest.mark.parametrize("code", languages())
def test_every_language_links_to_every_function(code):
    contents = Page(SITE, f"{code}/{CONTENTS}.html")
    linked = {contents.target(link["href"]) for link in contents.article.select(".losslib-contents a")}
    expected = {(page_of(family).path, function.__name__) for family, function in FUNCTIONS}
    assert expected <= linked
