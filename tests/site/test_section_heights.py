"""Sections that are not laid out yet are about as high as they will be."""

import pytest

from book.site.languages import languages
from tests.site.browsing import DESKTOP, PHONE

PAGES = ("regression/huber", "generative/kl-divergence", "practice/questions")
LOWEST, HIGHEST = 0.65, 1.8  # of the real height of a section; tables of long words are the hardest to guess
LEAST, MOST = 0.85, 1.3  # of all sections together
SAID = """() => [...document.querySelectorAll(".bd-article section[style*='--wide']")]
    .map((section) => [section.id, parseFloat(getComputedStyle(section).containIntrinsicBlockSize.split(" ")[1])])"""
REAL = """() => [...document.querySelectorAll(".bd-article section[style*='--wide']")]
    .map((section) => [section.id, section.getBoundingClientRect().height])"""


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_sections_are_as_high_as_the_page_says(visit, code, viewport):
    for name in PAGES:
        reader = visit(viewport=viewport).open(f"{code}/{name}.html")
        said = dict(reader.tab.evaluate(SAID))
        reader.restyle("* { content-visibility: visible !important }")
        real = dict(reader.tab.evaluate(REAL))
        assert len(said) > 5
        assert [
            (section, height, real[section])
            for section, height in said.items()
            if not LOWEST < height / real[section] < HIGHEST
        ] == []
        assert LEAST < sum(said.values()) / sum(real.values()) < MOST, name
