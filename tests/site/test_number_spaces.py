"""Numbers of the prose stay on one line; code and formulas stay as they were written."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from book.site.ext.number_spaces import NumberSpaces


def after(node: nodes.Element) -> str:
    document = new_document("page")
    document += node
    NumberSpaces(document).apply()
    return document.astext()


@pytest.mark.parametrize(
    "whole", ["10~404 pixels", "1~000~000", "86~% of them", "a 4~×~4 grid", "from 90~% to 94~%."]
)
def test_numbers_stay_whole(whole):
    assert after(nodes.paragraph("", whole.replace("~", " "))) == whole.replace("~", "\xa0")


@pytest.mark.parametrize("text", ["in 3 of 100 runs", "2 4", "10 40", "5 10000", "x × y"])
def test_other_spaces_may_break(text):
    assert after(nodes.paragraph("", text)) == text


@pytest.mark.parametrize("kind", [nodes.literal, nodes.literal_block, nodes.math, nodes.raw])
def test_what_is_verbatim_stays(kind):
    assert after(kind("", "100 000 %")) == "100 000 %"


def test_equal_texts_of_a_paragraph_are_all_mended():
    paragraph = nodes.paragraph()
    paragraph += [nodes.Text("30 %"), nodes.emphasis("", "and"), nodes.Text("30 %")]
    assert after(paragraph) == "30\xa0%and30\xa0%"
