"""What a page takes from the cells of its notebook: section ids, alternative texts of figures, what is not shown.

A section's id is the id of the cell that opens it, the same in every language, so that a link to a section
survives a change of language. The second section of a cell is `cell-2`, the third `cell-3`.
"""

import json
import re
from collections import Counter
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

from book.site.languages import languages

# myst-nb gives the lines of a notebook's cell with index i the numbers from (i + 1) * 10000
LINES_PER_CELL = 10_000
DRAWING = re.compile(r'<figure\b[^>]*\bclass="[^"]*explorer-fallback[^>]*>|<svg\b[^>]*>')


def read_notebook(path: str | Path) -> dict:
    """A notebook file as its JSON says."""
    return json.loads(Path(path).read_text("utf-8"))


def cell_index(section: nodes.section) -> int:
    """The place in the notebook of the cell that a section's heading stands in."""
    return section.line // LINES_PER_CELL - 1


def headings(env, page: str) -> list[tuple[str, str]]:
    """The anchor and the words of every heading of a page that has been read, in order; the title has no anchor."""
    found = env.tocs[page].findall(nodes.reference)
    return [(reference["anchorname"].removeprefix("#"), reference.astext()) for reference in found]


def section_of(cells: list[dict], anchors: list[str]) -> dict[str, str]:
    """For each cell the anchor of the section that it opens, or else stands in; of the page itself it is empty."""
    found, place = {}, ""
    for cell in cells:
        opened = [anchor for anchor in anchors if re.fullmatch(rf"{re.escape(cell['id'])}(-\d+)?", anchor)]
        found[cell["id"]] = opened[0] if opened else place
        place = opened[-1] if opened else place
    return found


class CellSections(SphinxTransform):
    """Name every section after the cell that it stands in, before references are resolved."""

    default_priority = 700

    def apply(self, **kwargs):
        source = self.env.doc2path(self.env.docname)
        if not source.endswith(".ipynb"):
            return
        cells, seen, anchors = read_notebook(source)["cells"], Counter[str](), {}
        for section in self.document.findall(nodes.section):
            cell = cells[cell_index(section)]["id"]
            seen[cell] += 1
            anchor = cell if seen[cell] == 1 else f"{cell}-{seen[cell]}"
            self._rename(section, anchor)
            anchors[anchor] = (section.line, anchor, section[0].astext())
        # where myst looks for `[text](#anchor)` and `[text](page.ipynb#anchor)`
        self.document.myst_slugs = anchors
        self.env.metadata[self.env.docname]["myst_slugs"] = anchors

    def _rename(self, section, anchor: str) -> None:
        labels = [name for name in section["names"] if self.document.nametypes.get(name)]
        for name in set(section["names"]) - set(labels):
            self.document.nameids[name] = anchor
        section["ids"] = [anchor, *(self.document.nameids[name] for name in labels)]
        self.document.ids[anchor] = section


class FigureTexts(SphinxTransform):
    """Give the drawing that a code cell shows the alternative text of the cell's metadata."""

    default_priority = 700

    def apply(self, **kwargs):
        for cell in self.document.findall(nodes.container):
            text = cell.get("cell_metadata", {}).get("mystnb", {}).get("image", {}).get("alt")
            if not text:
                continue
            for raw in list(cell.findall(nodes.raw)):
                raw.replace_self(nodes.raw("", with_text(raw.astext(), text), format=raw["format"]))


class MeasuredOutputs(SphinxTransform):
    """In place of times that a cell has measured, the advice to measure: a page says the same whoever builds it."""

    default_priority = 700

    def apply(self, **kwargs):
        note = languages()[self.env.srcdir.name].words["measured"]
        for cell in self.document.findall(nodes.container):
            if "measured" not in cell.get("cell_metadata", {}).get("tags", []):
                continue
            for part in list(cell.findall(nodes.container)):
                if part.get("nb_element") == "cell_code_output":
                    part.replace_self(nodes.paragraph("", "", nodes.emphasis("", note)))


def with_text(html: str, text: str) -> str:
    """The output with its drawing, if it holds one, as an image with that alternative text.

    The figure of an explorer stays a figure: the numbers below its drawing can be read.
    """

    def describe(tag: re.Match) -> str:
        bare = re.sub(r'\s(?:role|aria-label|aria-hidden)="[^"]*"', "", tag[0])
        role = "" if bare.startswith("<figure") else ' role="img"'
        return bare.removesuffix(">") + f'{role} aria-label="{escape(text)}">'

    return DRAWING.sub(describe, html, count=1)


def setup(app):
    app.add_transform(CellSections)
    app.add_transform(FigureTexts)
    app.add_transform(MeasuredOutputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
