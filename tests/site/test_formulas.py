"""A formula and the mark after it stay on one line, and the words around them stay as they are."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from book.site.ext.katex_build import KeepMarks


def kept(*parts):
    """A paragraph after `KeepMarks`; its words, and the texts that stay on one line. Formulas are written in $."""
    document, paragraph = new_document("page"), nodes.paragraph()
    for part in parts:
        paragraph += nodes.math(text=part[1:-1]) if part.startswith("$") else nodes.Text(part)
    document += paragraph
    KeepMarks(document).run()
    return paragraph.astext(), [together.astext() for together in paragraph.findall(nodes.inline)]


def test_mark_after_a_formula_stays_with_it():
    assert kept("With ", "$x$", ", not ", "$y$", " alone.") == ("With x, not y alone.", ["x,"])


@pytest.mark.parametrize("between", [". With ", "。"])
def test_mark_is_taken_from_the_text_after_its_formula_and_not_from_an_equal_one(between):
    long = "$" + 50 * "n" + "$"  # too long to stay on one line with its mark
    words, together = kept(long, between, "$x$", between, "$y$", between)
    assert words == long[1:-1] + between + "x" + between + "y" + between
    assert together == ["x" + between[0], "y" + between[0]]
